import type { FieldError, FieldPath } from "../../meta/index.ts";
import { fieldError, isDNS1035Label } from "../../meta/index.ts";
import type { CustomResourceConversion } from "../../types/index.ts";
import { checkClientConfig } from "../admissionregistration/client-config.ts";
import { pemBlocks } from "../certificates/pem.ts";
import { checkRequiredSupported, checkWith } from "../field-checks.ts";

const reviewVersions = ["v1", "v1beta1"];

/** How objects come from one version to another. What an older definition was allowed, it still is. */
export function checkConversion(
  conversion: CustomResourceConversion | undefined,
  old: CustomResourceConversion | undefined,
  path: FieldPath,
  out: FieldError[],
): void {
  if (!conversion) return;
  const { strategy, webhook } = conversion;
  checkRequiredSupported(strategy, ["None", "Webhook"], path.child("strategy"), out);
  const configPath = path.child("webhookClientConfig");
  const versionsPath = path.child("conversionReviewVersions");
  const versions = webhook?.conversionReviewVersions ?? [];
  if (strategy !== "Webhook") {
    const detail = "should not be set when strategy is not set to Webhook";
    if (webhook?.clientConfig) out.push(fieldError.forbidden(configPath, detail));
    if (versions.length > 0) out.push(fieldError.forbidden(versionsPath, detail));
    return;
  }
  if (!webhook?.clientConfig) {
    out.push(fieldError.required(configPath, "required when strategy is set to Webhook"));
  } else {
    checkClientConfig(webhook.clientConfig, configPath, out);
    checkBundle(webhook.clientConfig.caBundle, old?.webhook?.clientConfig?.caBundle, configPath, out);
  }
  const before = old?.webhook?.conversionReviewVersions ?? [];
  checkReviewVersions(versions, before.length === 0 || hasKnown(before), versionsPath, out);
}

/** A bundle may come without certificates, but not lose those that it has. */
function checkBundle(bundle: string | undefined, old: string | undefined, path: FieldPath, out: FieldError[]): void {
  if (!bundle || !old || !hasCertificate(old) || hasCertificate(bundle)) return;
  const detail = "unable to load root certificates: unable to parse bytes as PEM block";
  out.push(fieldError.invalid(path.child("caBundle"), bundle, detail));
}

function hasCertificate(bundle: string): boolean {
  const text = Buffer.from(bundle, "base64").toString("latin1");
  return pemBlocks(text).some(({ type }) => type === "CERTIFICATE");
}

function hasKnown(versions: readonly string[]): boolean {
  return versions.some((version) => reviewVersions.includes(version));
}

function checkReviewVersions(versions: readonly string[], mustKnow: boolean, path: FieldPath, out: FieldError[]): void {
  if (versions.length === 0) {
    out.push(fieldError.required(path, ""));
    return;
  }
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) out.push(fieldError.invalid(path.index(i), version, "duplicate version"));
    else checkWith(isDNS1035Label(version), version, path.index(i), out);
  }
  if (mustKnow && !hasKnown(versions)) {
    out.push(fieldError.invalid(path, versions, `must include at least one of ${reviewVersions.join(", ")}`));
  }
}
