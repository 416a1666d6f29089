import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import style from './choice.module.css';

interface Choice<Value extends string> {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
}

/** A choice among few, all of them visible. */
export function Choice<Value extends string>({ label, value, options, onChange }: Choice<Value>) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      className={style.group ?? ''}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys) => {
        const chosen = options.find((option) => keys.has(option.value));
        if (chosen) onChange(chosen.value);
      }}
    >
      {options.map((option) => (
        <ToggleButton key={option.value} id={option.value} className={style.option ?? ''}>
          {option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
