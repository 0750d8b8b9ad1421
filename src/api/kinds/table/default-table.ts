import type { TableStrategy } from "../kind.ts";

/** Columns of kinds that have none of their own. */
export const defaultTable: TableStrategy = {
  columns: [
    { name: "Name", type: "string", format: "name" },
    { name: "Created At", type: "date" },
  ],
  cells: (object) => [object.metadata.name ?? "", object.metadata.creationTimestamp ?? null],
};
