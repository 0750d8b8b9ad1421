export type IntOrString = number | string;

const percent = /^[+-]?\d+$/;

/** A number as it is, "25%" of `total` rounded; throws an Error with the original message for anything else. */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === "number") return value;
  if (!value.endsWith("%")) throw invalidValue("invalid type: string is not a percentage");
  const digits = value.slice(0, -1);
  if (!percent.test(digits)) {
    throw invalidValue(`invalid value "${value}": strconv.Atoi: parsing "${digits}": invalid syntax`);
  }
  const scaled = (Number(digits) * total) / 100;
  return roundUp ? Math.ceil(scaled) : Math.floor(scaled);
}

function invalidValue(why: string): Error {
  return new Error(`invalid value for IntOrString: ${why}`);
}

export function intOrStringText(value: IntOrString): string {
  return String(value);
}
