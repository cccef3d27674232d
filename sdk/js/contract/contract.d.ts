/// <reference path="./interfaces/holdpoint-plugin-action.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-artifacts.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-changes.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-commits.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-document.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-evidence.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-history.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-http.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-log.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-model.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-notify.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-policy.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-resource.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-risk.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-secrets.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-tree.d.ts" />
/// <reference path="./interfaces/holdpoint-plugin-verify.d.ts" />
declare module 'holdpoint:plugin/every-kind@0.1.0' {
  export type * as HoldpointPluginArtifacts010 from 'holdpoint:plugin/artifacts@0.1.0'; // import holdpoint:plugin/artifacts@0.1.0
  export type * as HoldpointPluginChanges010 from 'holdpoint:plugin/changes@0.1.0'; // import holdpoint:plugin/changes@0.1.0
  export type * as HoldpointPluginCommits010 from 'holdpoint:plugin/commits@0.1.0'; // import holdpoint:plugin/commits@0.1.0
  export type * as HoldpointPluginEvidence010 from 'holdpoint:plugin/evidence@0.1.0'; // import holdpoint:plugin/evidence@0.1.0
  export type * as HoldpointPluginHistory010 from 'holdpoint:plugin/history@0.1.0'; // import holdpoint:plugin/history@0.1.0
  export type * as HoldpointPluginHttp010 from 'holdpoint:plugin/http@0.1.0'; // import holdpoint:plugin/http@0.1.0
  export type * as HoldpointPluginLog010 from 'holdpoint:plugin/log@0.1.0'; // import holdpoint:plugin/log@0.1.0
  export type * as HoldpointPluginModel010 from 'holdpoint:plugin/model@0.1.0'; // import holdpoint:plugin/model@0.1.0
  export type * as HoldpointPluginSecrets010 from 'holdpoint:plugin/secrets@0.1.0'; // import holdpoint:plugin/secrets@0.1.0
  export type * as HoldpointPluginTree010 from 'holdpoint:plugin/tree@0.1.0'; // import holdpoint:plugin/tree@0.1.0
  export * as policy from 'holdpoint:plugin/policy@0.1.0'; // export holdpoint:plugin/policy@0.1.0
  export * as risk from 'holdpoint:plugin/risk@0.1.0'; // export holdpoint:plugin/risk@0.1.0
  export * as resource from 'holdpoint:plugin/resource@0.1.0'; // export holdpoint:plugin/resource@0.1.0
  export * as document from 'holdpoint:plugin/document@0.1.0'; // export holdpoint:plugin/document@0.1.0
  export * as notify from 'holdpoint:plugin/notify@0.1.0'; // export holdpoint:plugin/notify@0.1.0
  export * as action from 'holdpoint:plugin/action@0.1.0'; // export holdpoint:plugin/action@0.1.0
  export * as verify from 'holdpoint:plugin/verify@0.1.0'; // export holdpoint:plugin/verify@0.1.0
}
