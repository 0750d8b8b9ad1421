import type { FieldError } from "../../meta/index.ts";
import { deepEqual, fieldError, isDNS1123Subdomain, root } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { isExtendedResourceName } from "../resource-names.ts";
import { ageColumn, ageOf, nameColumn, nameOf } from "../table/cells.ts";
import { checkList } from "./collections.ts";
import { limits } from "./limits.ts";
import { checkConfiguration, checkSelectors } from "./parts.ts";

type DeviceClass = resourceV1.DeviceClass;

const specPath = root("spec");

export const deviceClassStrategy: KindStrategy = {
  // The original counts bytes here, and says so.
  validateName: (name) => isDNS1123Subdomain(name).map((message) => message.replace(/ characters$/, " bytes")),
  validate: (deviceClass: DeviceClass) => checkClass(deviceClass),
  validateUpdate: (deviceClass: DeviceClass, old: DeviceClass) => checkClass(deviceClass, old),
  table: {
    columns: [nameColumn, ageColumn],
    cells: (deviceClass: DeviceClass, now) => [nameOf(deviceClass), ageOf(deviceClass, now)],
  },
};

function checkClass({ spec }: DeviceClass, old?: DeviceClass): FieldError[] {
  const out: FieldError[] = [];
  const keepsSelectors = old !== undefined && deepEqual(spec.selectors, old.spec.selectors);
  checkSelectors(spec.selectors, keepsSelectors, specPath.child("selectors"), out);
  const isStored = old !== undefined && deepEqual(spec.config, old.spec.config);
  const configPath = specPath.child("config");
  checkList(spec.config, limits.config, (config, at) => checkConfiguration(config, isStored, at, out), configPath, out);
  const { extendedResourceName: name } = spec;
  if (name !== undefined && !isExtendedResourceName(name)) {
    const detail = "must be a valid extended resource name";
    out.push(fieldError.invalid(specPath.child("extendedResourceName"), name, detail));
  }
  return out;
}
