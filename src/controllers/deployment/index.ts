/** Rolls deployments out over replica sets: rolling or by recreation, with revisions, pausing and a progress deadline. */
export { startDeploymentController } from "./controller.ts";
