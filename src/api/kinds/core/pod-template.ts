import type { FieldError } from "../../meta/index.ts";
import { root } from "../../meta/index.ts";
import type { PodTemplate } from "../../types/index.ts";
import type { KindStrategy } from "../generic.ts";
import { defaultPodTemplate } from "../podspec/defaults.ts";
import { checkPodTemplate } from "../podspec/spec.ts";
import { podWarnings } from "../podspec/warnings.ts";
import { containerCells, labelsText, nameColumn, nameOf, text } from "../table/cells.ts";

export const podTemplateStrategy: KindStrategy = {
  applyDefaults: (template: PodTemplate) => defaultPodTemplate(template.template),
  validate(template: PodTemplate) {
    const out: FieldError[] = [];
    checkPodTemplate(template.template ?? { metadata: {}, spec: { containers: [] } }, root("template"), out);
    return out;
  },
  warnings: (template: PodTemplate, old?: PodTemplate) =>
    podWarnings(template.template?.spec ?? { containers: [] }, root("template", "spec"), old?.template?.spec),
  table: {
    columns: [nameColumn, text("Containers"), text("Images"), text("Pod Labels")],
    cells: (template: PodTemplate) => [
      nameOf(template),
      ...containerCells(template.template?.spec?.containers),
      labelsText(template.template?.metadata?.labels),
    ],
  },
};
