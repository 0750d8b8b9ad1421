import { re2 } from "../../re2/index.ts";
import { type CelNode, operandsOf } from "../cost/nodes.ts";
import { callName } from "./issue.ts";

/** What is written out is converted, and patterns are read, once, before anything is evaluated. */

/** Why such a conversion fails. */
export function conversionMistake(node: CelNode): string | undefined {
  if (node.op === "rcall") return patternMistake(node);
  if (node.op !== "call") return undefined;
  const [argument] = operandsOf(node);
  const value = argument && literalValue(argument);
  const name = callName(node) ?? "";
  if (typeof value === "string") return isReadable(name, value) ? undefined : unreadable(name);
  if (value instanceof Uint8Array) return name === "string" ? utf8Mistake(value) : undefined;
  if (typeof value !== "bigint" && typeof value !== "number") return undefined;
  const limit = 2 ** 63;
  if (name === "int" && !(Number(value) < limit && Number(value) > -limit - 1)) return "integer overflow";
  if (name === "uint" && !(Number(value) >= 0 && Number(value) < 2 * limit)) return "unsigned integer overflow";
  return undefined;
}

/** Of what is searched for; `matches` is looked at by the compiler. */
function patternMistake(node: CelNode): string | undefined {
  const [, pattern] = operandsOf(node);
  const name = callName(node);
  if ((name !== "find" && name !== "findAll") || typeof pattern?.args !== "string" || pattern.op !== "value") {
    return undefined;
  }
  try {
    re2(pattern.args);
    return undefined;
  } catch (err) {
    return err instanceof Error ? err.message : String(err);
  }
}

function literalValue(node: CelNode): unknown {
  if (node.op === "value") return node.args;
  const [operand] = operandsOf(node);
  if (node.op !== "-_" || operand?.op !== "value") return undefined;
  const value = operand.args;
  return typeof value === "bigint" || typeof value === "number" ? -value : undefined;
}

/** What the original says of a text that is no value of the type. */
export function unreadable(type: string): string {
  return `type conversion error from 'string' to '${type}'`;
}

function isReadable(type: string, text: string): boolean {
  switch (type) {
    case "int":
      return (
        /^[+-]?\d+$/.test(text) && BigInt.asIntN(64, BigInt(text.replace("+", ""))) === BigInt(text.replace("+", ""))
      );
    case "uint":
      return /^\d+$/.test(text) && BigInt.asUintN(64, BigInt(text)) === BigInt(text);
    case "double":
      return /^[+-]?(?:0x[\da-f.p+-]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf|infinity)$/i.test(text);
    case "bool":
      return /^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(text);
    default:
      return true;
  }
}

function utf8Mistake(bytes: Uint8Array): string | undefined {
  const isText = Buffer.from(bytes).equals(Buffer.from(Buffer.from(bytes).toString()));
  return isText ? undefined : "invalid UTF-8 in bytes, cannot convert to string";
}
