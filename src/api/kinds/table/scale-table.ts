import type { KubeObject } from "../../meta/index.ts";
import type { TableStrategy } from "../kind.ts";
import { ageColumn, ageOf, integer, nameOf, text } from "./cells.ts";

type Scale = KubeObject & { spec?: { replicas?: number }; status?: { replicas?: number } };

/** Columns of the scale subresource, whatever kind it is of. */
export const scaleTable: TableStrategy = {
  columns: [text("Name"), integer("Desired"), integer("Available"), ageColumn],
  cells: (scale: Scale, now) => [
    nameOf(scale),
    scale.spec?.replicas ?? 0,
    scale.status?.replicas ?? 0,
    ageOf(scale, now),
  ],
};
