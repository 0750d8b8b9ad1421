import type { LogOptions } from "../logs.ts";
import { Refusal } from "./refusal.ts";

/** Reads the query of `/containerLogs`. @throws Refusal */
export function logOptionsOf(container: string, query: URLSearchParams): LogOptions {
  const flag = (name: string): boolean => {
    const value = query.get(name);
    return value !== null && value !== "0" && value.toLowerCase() !== "false";
  };
  const integer = (name: string, min: number): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    if (!/^[+-]?[0-9]+$/.test(text)) throw new Refusal(400, '{"message": "Unable to decode query."}');
    if (Number(text) < min) throw new Refusal(422, '{"message": "Invalid request."}');
    return Number(text);
  };
  const sinceSeconds = integer("sinceSeconds", 1);
  const sinceTime = query.get("sinceTime") || undefined;
  if (sinceSeconds !== undefined && sinceTime !== undefined) throw new Refusal(422, '{"message": "Invalid request."}');
  return {
    container,
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    sinceSeconds,
    sinceTime,
    tailLines: integer("tailLines", 0),
    limitBytes: integer("limitBytes", 1),
    stream: streamOf(query.get("stream")),
  };
}

function streamOf(text: string | null): LogOptions["stream"] {
  if (text === "Stdout") return "stdout";
  if (text === "Stderr") return "stderr";
  if (text === null || text === "" || text === "All") return undefined;
  throw new Refusal(422, '{"message": "Invalid request."}');
}
