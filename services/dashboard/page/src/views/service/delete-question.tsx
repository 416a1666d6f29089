import { useId, type RefObject } from 'react';
import { plural } from '../../format.ts';
import style from './given-up.module.css';

interface DeleteQuestion {
  /** Opened by its `showModal`: the browser keeps the focus inside, and returns it. */
  dialog: RefObject<HTMLDialogElement | null>;
  number: number;
  onDelete: () => void;
}

export function DeleteQuestion({ dialog, number, onDelete }: DeleteQuestion) {
  const id = useId();
  return (
    <dialog
      className={style.question}
      ref={dialog}
      role="alertdialog"
      aria-labelledby={id}
      aria-describedby={`${id}-text`}
    >
      <h3 id={id}>Delete {plural(number, 'notification')}?</h3>
      <p id={`${id}-text`}>A deleted notification is never delivered. This cannot be undone.</p>
      <div className={style.answers}>
        <button type="button" onClick={() => dialog.current?.close()}>
          Keep
        </button>
        <button
          type="button"
          className={style.delete}
          onClick={() => {
            dialog.current?.close();
            onDelete();
          }}
        >
          Delete for good
        </button>
      </div>
    </dialog>
  );
}
