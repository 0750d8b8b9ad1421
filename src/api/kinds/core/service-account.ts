import type { KubeObject } from "../../meta/index.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf } from "../table/cells.ts";

export const serviceAccountStrategy: KindStrategy = {
  table: {
    columns: [nameColumn, ageColumn],
    cells: (account: KubeObject, now) => [nameOf(account), ageOf(account, now)],
  },
};
