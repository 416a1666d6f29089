// oxlint-disable-next-line import/no-default-export -- Next requires one
export default function Page() {
  return <h1>Hello from Next</h1>;
}
