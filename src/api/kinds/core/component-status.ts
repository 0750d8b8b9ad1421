import type { ComponentStatus } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { nameColumn } from "../table/cells.ts";

export const componentStatusStrategy: KindStrategy = {
  table: {
    columns: [
      nameColumn,
      { name: "Status", type: "string" },
      { name: "Message", type: "string" },
      { name: "Error", type: "string" },
    ],
    cells: ({ metadata, conditions = [] }: ComponentStatus) => {
      const { status, message, error } = conditions.find(({ type }) => type === "Healthy") ?? {};
      const text = status === undefined ? "Unknown" : status === "True" ? "Healthy" : "Unhealthy";
      return [metadata.name ?? "", text, message ?? "", error ?? ""];
    },
  },
};
