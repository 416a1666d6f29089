export { compareAll, compareContracts, type Snapshots } from './compare.ts';
export { type Finding } from './finding.ts';
export { parseSnapshot } from './parse-snapshot.ts';
export { rules, type Rule, type RuleId } from './rules/index.ts';
export { verdictOf, type Direction, type Effect, type Severity, type Verdict } from './severity.ts';
export { applyWaivers, nameOf, waiverFile, type Waived, type Waiver } from './waivers.ts';
