import type { FieldError } from "../../meta/index.ts";
import { root } from "../../meta/index.ts";
import type { resourceV1 } from "../../types/index.ts";
import { checkAnnotations, checkImmutable, checkLabels } from "../field-checks.ts";
import type { KindStrategy } from "../generic.ts";
import { goValue } from "../go-value.ts";
import { ageColumn, ageOf, nameColumn, nameOf } from "../table/cells.ts";
import { checkDeviceClaim, defaultDeviceClaim, forgetEmptyRequests } from "./device-claim.ts";

type Template = resourceV1.ResourceClaimTemplate;

const specPath = root("spec");

export const resourceClaimTemplateStrategy: KindStrategy = {
  applyDefaults: ({ spec }: Template) => defaultDeviceClaim(spec?.spec?.devices),
  prepareForCreate: ({ spec }: Template) => forgetEmptyRequests(spec?.spec?.devices),
  validate: (template: Template) => checkTemplate(template),
  validateUpdate(template: Template, old: Template) {
    const out = checkTemplate(template);
    const shown = goValue(template.spec, "io.k8s.api.resource.v1.ResourceClaimTemplateSpec");
    checkImmutable(template.spec, old.spec, specPath, out, shown);
    return out;
  },
  table: {
    columns: [nameColumn, ageColumn],
    cells: (template: Template, now) => [nameOf(template), ageOf(template, now)],
  },
};

function checkTemplate({ spec }: Template): FieldError[] {
  const out: FieldError[] = [];
  const { labels, annotations } = spec.metadata ?? {};
  checkAnnotations(annotations, specPath.child("metadata", "annotations"), out);
  checkLabels(labels, specPath.child("metadata", "labels"), out);
  checkDeviceClaim(spec.spec?.devices, specPath.child("spec", "devices"), out);
  return out;
}
