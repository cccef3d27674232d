// The shapes of the contract, holdpoint:plugin@0.1.0, as a plugin in JavaScript has them. What they
// mean stands in the WIT files.

export type Severity = "info" | "warning" | "error";
export type FaultCode = "settings" | "missing" | "malformed" | "unavailable" | "internal";

export type Location =
  | { tag: "release" }
  | { tag: "commit"; val: string }
  | { tag: "file"; val: { path: string; line?: number } }
  | { tag: "artifact"; val: string };

export interface Finding {
  rule: string;
  severity?: Severity;
  message: string;
  location?: Location;
  help?: string;
}

/** Seconds since 1970-01-01T00:00:00Z. */
export type Timestamp = bigint;

export interface Release {
  subject: {
    project: string;
    version?: string;
    previous?: string;
    head: string;
    base?: string;
    target?: string;
    path?: string;
    versioning: { zeroBreaking: Bump; zeroFeature: Bump };
    digest: string;
  };
  circumstances: {
    time: Timestamp;
    zone: string;
    utcOffset: number;
    initiator?: string;
    ci?: string;
    jobUrl?: string;
    dirty?: boolean;
    dryRun: boolean;
  };
  totals: Totals & { artifacts: number };
}

export type Bump = "patch" | "minor" | "major";

export interface Totals {
  commits: number;
  merges: number;
  files: number;
  insertions: number;
  deletions: number;
}

export interface Commit {
  id: string;
  author: string;
  time: Timestamp;
  summary: string;
  parents: number;
  signed: boolean;
  measures: {
    files: number;
    directories: number;
    subsystems: number;
    insertions: number;
    deletions: number;
    entropy: number;
    fix: boolean;
  };
}

export interface Person {
  name: string;
  email: string;
}

export interface CommitText {
  id: string;
  body: string;
  trailers: { key: string; value: string }[];
  author: Person;
  committer: Person;
  committed: Timestamp;
}

export interface Change {
  path: string;
  oldPath?: string;
  how: "added" | "modified" | "deleted" | "renamed" | "retyped";
  insertions: number;
  deletions: number;
  binary: boolean;
  owners: string[];
  ownersTrusted: boolean;
}

export interface Artifact {
  name: string;
  digest: string;
  size: bigint;
}

export interface Evidence {
  name: string;
  mediaType: string;
  digest: string;
  size: bigint;
  verifiedBy?: string;
}

export interface PastRelease {
  version?: string;
  head: string;
  time: Timestamp;
  totals: Totals;
  ended?: "released" | "undone" | "blocked" | "stopped";
}

export interface Assessment {
  magnitude: number;
  factors: {
    name: string;
    evidence: string;
    weight: number;
    heuristic: boolean;
    location: Location;
  }[];
}

export interface Requirement {
  demand:
    | { tag: "lease"; val: { key: string; sharing: "exclusive" | "shared" } }
    | { tag: "window"; val: { start?: Timestamp; end?: Timestamp } }
    | { tag: "approval"; val: { principal: string; count: number } };
  reason: string;
}

export interface Edit {
  path: string;
  content:
    | { tag: "whole"; val: string }
    | { tag: "section"; val: { begin: string; end: string; content: string } }
    | { tag: "insertion"; val: { heading: string; content: string } };
  title: string;
}

export interface Event {
  kind:
    | "planned"
    | "started"
    | "waiting"
    | "approved"
    | "blocked"
    | "overridden"
    | "deployed"
    | "verified"
    | "undone"
    | "finished";
  run: string;
  stage?: string;
  verdict?: "go" | "no-go" | "wait" | "fault";
  reason: string;
  findings: Finding[];
}

export interface Channel {
  name: string;
  mediaType: string;
  bodyBytesMax: number;
}

export interface Message {
  mediaType: string;
  body: string;
  summary: string;
}

export interface Header {
  name: string;
  value: string;
}

export interface PlannedRequest {
  method: string;
  url: string;
  headers: Header[];
  content: { tag: "bytes"; val: Uint8Array } | { tag: "artifact"; val: string };
  success: Uint16Array | number[];
  idempotencyKey: string;
}

export interface Step {
  name: string;
  title: string;
  request: PlannedRequest;
  probe?: {
    url: string;
    headers: Header[];
    success: Uint16Array | number[];
    element?: { list: string; members: { pointer: string; value: string }[] };
  };
  undo?: PlannedRequest;
}

export interface Reading {
  health: "healthy" | "degraded" | "failing" | "inconclusive";
  reason: string;
  measures: { name: string; value?: number; unit: string; bound: string }[];
}
