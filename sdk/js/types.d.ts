/// <reference path="./contract/contract.d.ts" />
/// <reference path="./globals.d.ts" />
// The types of the contract, holdpoint:plugin@0.1.0, by the names that a plugin has use for. What is
// in contract/ is made from the WIT files; what is written by hand here is what the kit makes easier.

import type * as action from "holdpoint:plugin/action@0.1.0";
import type { Channel, Event, Message } from "holdpoint:plugin/notify@0.1.0";
import type { Edit } from "holdpoint:plugin/document@0.1.0";
import type * as model from "holdpoint:plugin/model@0.1.0";
import type { Requirement } from "holdpoint:plugin/resource@0.1.0";
import type { Assessment } from "holdpoint:plugin/risk@0.1.0";
import type { Reading } from "holdpoint:plugin/verify@0.1.0";

export type {
  Artifact,
  Bump,
  Change,
  ChangeKind,
  Circumstances,
  Commit,
  CommitText,
  FaultCode,
  FileLocation,
  Header,
  Location,
  Measures,
  Person,
  Release,
  Severity,
  Subject,
  Timestamp,
  Totals,
  Trailer,
  Versioning,
} from "holdpoint:plugin/model@0.1.0";
export type { EvidenceError, Item as Evidence } from "holdpoint:plugin/evidence@0.1.0";
export type { Ending, PastRelease } from "holdpoint:plugin/history@0.1.0";
export type { HttpError, HttpRequest, HttpResponse } from "holdpoint:plugin/http@0.1.0";
export type { TreeError } from "holdpoint:plugin/tree@0.1.0";
export type { Assessment, Factor } from "holdpoint:plugin/risk@0.1.0";
export type {
  ApprovalClaim,
  Demand,
  LeaseClaim,
  Requirement,
  Sharing,
  WindowClaim,
} from "holdpoint:plugin/resource@0.1.0";
export type { Edit, Insertion, NewContent, Section } from "holdpoint:plugin/document@0.1.0";
export type { Channel, Event, EventKind, Message, Verdict } from "holdpoint:plugin/notify@0.1.0";
export type { Content, Element, Member } from "holdpoint:plugin/action@0.1.0";
export type { Health, Measurement, Reading } from "holdpoint:plugin/verify@0.1.0";

/** A finding; without a location it is about the release as a whole. */
export type Finding = Omit<model.Finding, "location"> & Partial<Pick<model.Finding, "location">>;

/** Status codes: an array will do. */
type Statuses = { success: ArrayLike<number> };

/** A request that changes something and is made by the host. */
export type PlannedRequest = Omit<action.PlannedRequest, "success"> & Statuses;

/** A question that shows whether a step was made. */
export type Probe = Omit<action.Probe, "success"> & Statuses;

/** One step of a plan. */
export type Step = Omit<action.Step, "request" | "probe" | "undo"> & {
  request: PlannedRequest;
  probe?: Probe;
  undo?: PlannedRequest;
};

/** *Is this release allowed?* What speaks against it. A generator will do for a list, here and below. */
export type Check<Settings = any> = (release: model.Release, settings: Settings) => Iterable<Finding>;

/** *How risky is this release?* */
export type Assess<Settings = any> = (release: model.Release, settings: Settings) => Assessment;

/** *Are the people, the environment and the hour free?* What has to be. */
export type Claim<Settings = any> = (release: model.Release, settings: Settings) => Iterable<Requirement>;

/** *What should the documents say?* The files to write, each whole or in a part. */
export type Render<Settings = any> = (release: model.Release, settings: Settings) => Iterable<Edit>;

/** *What should be said to whom?* The messages for an event, in a form that the channel takes. */
export type Compose<Settings = any> = (
  release: model.Release,
  settings: Settings,
  event: Event,
  channel: Channel,
) => Iterable<Message>;

/** *Which requests carry the release out?* They are made by the host, in order. */
export type Plan<Settings = any> = (release: model.Release, settings: Settings) => Iterable<Step>;

/** *Is it healthy now?* Attempts count from 1. */
export type Measure<Settings = any> = (
  release: model.Release,
  settings: Settings,
  attempt: number,
) => Reading;
