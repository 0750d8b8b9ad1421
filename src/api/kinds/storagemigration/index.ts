/** Migrations of stored objects to the version in which they are written now. */
import type { KindStrategy } from "../generic.ts";
import { storageVersionMigrationStrategy } from "./storage-version-migration.ts";

export const storagemigrationStrategies: Readonly<Record<string, KindStrategy>> = {
  storageversionmigrations: storageVersionMigrationStrategy,
};
