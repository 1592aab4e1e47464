/** One of several, under what it is. */
type ChoiceProps<Value extends string | number> = {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly onChoose: (value: Value) => void;
};

export function Choice<Value extends string | number>(props: ChoiceProps<Value>) {
  const { label, value, options, onChoose } = props;
  return (
    <label>
      {label}
      <select
        value={value}
        onChange={(event) => onChoose(options[event.currentTarget.selectedIndex]!.value)}
      >
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Numbers to choose from, as they are. */
export function numbers(values: readonly number[]): { value: number; text: string }[] {
  return values.map((value) => ({ value, text: String(value) }));
}
