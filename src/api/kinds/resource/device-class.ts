import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import type { DeviceClass } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { isExtendedResourceName } from "../resource-names.ts";
import { ageColumn, ageOf, nameColumn, nameOf } from "../table/cells.ts";
import { checkConfiguration, checkSelectors } from "./claim-spec.ts";

const specPath = root("spec");
const configsMax = 32;

export const deviceClassStrategy: KindStrategy = {
  validate: (deviceClass: DeviceClass) => checkClass(deviceClass),
  validateUpdate: (deviceClass: DeviceClass) => checkClass(deviceClass),
  table: {
    columns: [nameColumn, ageColumn],
    cells: (deviceClass: DeviceClass, now) => [nameOf(deviceClass), ageOf(deviceClass, now)],
  },
};

function checkClass({ spec }: DeviceClass): FieldError[] {
  const out: FieldError[] = [];
  checkSelectors(spec.selectors, specPath.child("selectors"), out);
  const configs = spec.config ?? [];
  const configPath = specPath.child("config");
  if (configs.length > configsMax) out.push(fieldError.tooMany(configPath, configs.length, configsMax));
  for (const [i, config] of configs.entries()) checkConfiguration(config, configPath.index(i), out);
  const name = spec.extendedResourceName;
  if (name !== undefined && !isExtendedResourceName(name)) {
    out.push(
      fieldError.invalid(specPath.child("extendedResourceName"), name, "must be a valid extended resource name"),
    );
  }
  return out;
}
