import type { FieldError } from "../../meta/index.ts";
import { fieldError, root } from "../../meta/index.ts";
import { givenValue } from "../../schema/index.ts";
import type { VolumeAttributesClass } from "../../types/index.ts";
import { checkImmutable } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { ageColumn, ageOf, nameColumn, nameOf, text } from "../table/cells.ts";
import { checkDriverName } from "./driver-name.ts";
import { checkParameters } from "./parameters.ts";

const defaultAnnotation = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

export const volumeAttributesClassStrategy: KindStrategy = {
  validate: (attributes: VolumeAttributesClass) => checkClass(attributes),
  validateUpdate(attributes: VolumeAttributesClass, old: VolumeAttributesClass) {
    const out = checkClass(attributes);
    checkImmutable(attributes.driverName, old.driverName, root("driverName"), out);
    const shown = givenValue(attributes, "parameters");
    checkImmutable(attributes.parameters, old.parameters, root("parameters"), out, shown);
    return out;
  },
  table: {
    columns: [nameColumn, text("DriverName"), ageColumn],
    cells(attributes: VolumeAttributesClass, now) {
      const isDefault = attributes.metadata.annotations?.[defaultAnnotation] === "true";
      const name = isDefault ? `${nameOf(attributes)} (default)` : nameOf(attributes);
      return [name, attributes.driverName, ageOf(attributes, now)];
    },
  },
};

function checkClass({ driverName, parameters }: VolumeAttributesClass): FieldError[] {
  const out: FieldError[] = [];
  checkDriverName(driverName, root("driverName"), out);
  if (Object.keys(parameters ?? {}).length === 0) {
    out.push(fieldError.required(root("parameters"), "must contain at least one key/value pair"));
  }
  checkParameters(parameters, root("parameters"), out);
  return out;
}
