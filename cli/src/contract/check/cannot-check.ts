/** Two versions could not be compared: exit code 2, with a message for the terminal. */
export class CannotCheck extends Error {
  override readonly name = 'CannotCheck';
}
