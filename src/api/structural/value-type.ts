import { fieldError, type JsonValue } from "../meta/index.ts";
import type { JSONSchemaProps } from "../types/index.ts";
import type { Run } from "./run.ts";

/** How the original calls a value: its type, and the format that it has by itself. */
function typeOf(value: JsonValue): readonly [type: string, format: string] {
  if (value === null) return ["null", ""];
  if (Array.isArray(value)) return ["array", ""];
  if (typeof value === "number") return Number.isInteger(value) ? ["integer", "int64"] : ["number", "double"];
  return [typeof value, ""];
}

/** Whether a value is of the schema's type; undefined where it has none. */
export function checkType(
  schema: JSONSchemaProps,
): ((value: JsonValue, old: JsonValue | undefined, run: Run) => number) | undefined {
  const types = schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : schema.type ? [schema.type] : [];
  if (types.length === 0) return undefined;
  const { format = "", nullable = false } = schema;
  const isNumeric = types.includes("number") || types.includes("integer");
  const expected = types.join(",");
  return (value, _old, run) => {
    const [actual, ownFormat] = typeOf(value);
    if (value === null) {
      if (!nullable) mismatch(run, "null", expected, "null");
      return 0;
    }
    const fits = types.includes(actual) || (actual === "integer" && types.includes("number"));
    const isText = actual === "string" || actual === "array";
    // A format of text is checked by itself.
    if (!isNumeric && format !== "" && isText) return 1;
    if (fits) return 1;
    if (format !== "" && !isText && format !== ownFormat) mismatch(run, ownFormat, format, ownFormat);
    else mismatch(run, actual, expected, actual);
    return 0;
  };
}

function mismatch(run: Run, value: string, expected: string, actual: string): void {
  const detail = `${run.name} in body must be of type ${expected}: ${JSON.stringify(actual)}`;
  run.errors.push(fieldError.typeInvalid(run.field(), value, detail));
}
