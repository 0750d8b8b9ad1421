import type { JsonObject, KubeObject } from "../../meta/index.ts";
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../../types/index.ts";

interface OldColumn {
  readonly JSONPath?: string;
}

interface OldVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly additionalPrinterColumns?: readonly OldColumn[];
}

interface OldConversion {
  readonly strategy?: string;
  readonly webhookClientConfig?: JsonObject;
  readonly conversionReviewVersions?: readonly string[];
}

interface OldSpec {
  readonly version?: string;
  readonly versions?: readonly OldVersion[];
  readonly validation?: JsonObject;
  readonly subresources?: JsonObject;
  readonly additionalPrinterColumns?: readonly OldColumn[];
  readonly conversion?: OldConversion;
  readonly preserveUnknownFields?: boolean;
}

/** What all versions have in common stood beside them in v1beta1, and unknown fields were kept unless it was said otherwise. */
export function fromV1beta1(object: KubeObject): KubeObject {
  const definition = object as KubeObject & { readonly spec: OldSpec };
  const { version, versions, validation, subresources, additionalPrinterColumns, conversion, ...rest } =
    definition.spec;
  const named = versions ?? (version === undefined ? [] : [{ name: version, served: true, storage: true }]);
  const spec = {
    ...rest,
    versions: named.map((old) => ({
      ...(validation && { schema: validation }),
      ...(subresources && { subresources }),
      ...old,
      ...columnsOf(old.additionalPrinterColumns ?? additionalPrinterColumns),
    })),
    ...(conversion && { conversion: conversionOf(conversion) }),
    preserveUnknownFields: definition.spec.preserveUnknownFields ?? true,
  };
  return { ...definition, spec: spec as unknown as CustomResourceDefinition["spec"] } as KubeObject;
}

function columnsOf(
  columns: readonly OldColumn[] | undefined,
): Pick<CustomResourceDefinitionVersion, "additionalPrinterColumns"> {
  if (columns === undefined) return {};
  const now = columns.map(({ JSONPath: jsonPath, ...column }) => ({ ...column, jsonPath }));
  return { additionalPrinterColumns: now as CustomResourceDefinitionVersion["additionalPrinterColumns"] };
}

function conversionOf({ webhookClientConfig, conversionReviewVersions, ...rest }: OldConversion): object {
  if (webhookClientConfig === undefined && conversionReviewVersions === undefined) return rest;
  const webhook = {
    ...(webhookClientConfig && { clientConfig: webhookClientConfig }),
    conversionReviewVersions: conversionReviewVersions ?? ["v1beta1"],
  };
  return { ...rest, webhook };
}
