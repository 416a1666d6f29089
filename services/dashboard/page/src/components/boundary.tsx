import { Component, type ReactNode } from 'react';
import { Failure } from './failure.tsx';
import style from './panel.module.css';

interface BoundaryProps {
  /** Another one gets another try. */
  view: string;
  children: ReactNode;
}

interface Caught {
  view: string;
  failed: boolean;
  error?: unknown;
}

/** Shows what a view threw instead of it, for example that its file is gone since a new release; other views go on. */
export class Boundary extends Component<BoundaryProps, Caught> {
  override state: Caught = { view: '', failed: false };

  static getDerivedStateFromProps({ view }: BoundaryProps, before: Caught): Caught | null {
    return view === before.view ? null : { view, failed: false };
  }

  static getDerivedStateFromError(error: unknown): Omit<Caught, 'view'> {
    return { failed: true, error };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <>
        <h1>This view failed</h1>
        <Failure error={this.state.error} />
        <p className={style.note}>
          <button type="button" onClick={() => globalThis.location.reload()}>
            Load the page again
          </button>
        </p>
      </>
    );
  }
}
