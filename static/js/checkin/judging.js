/* What the door says to an event, from what this phone knows. Pure; the twin of eventmgr/checkin/judging.py, and both
   run tests/checkin/judging_cases.json. Instants are numbers or Dates. */

/* Whether the door is open at `at`. Without network a phone cannot know that a meeting was called off: accepted and
   flagged. `letIn` is the doorkeeper's own decision. A closed meeting is read-only for everyone. */
export function judgeDoor(door, at, { offline = false, letIn = false } = {}) {
  if (door.status === "closed") return verdict("closed");
  if (door.status === "cancelled") return offline || letIn ? verdict("ok", "cancelled_meeting") : verdict("cancelled_meeting");
  if (door.opensAt === null || at < door.opensAt) return letIn ? verdict("ok", "not_open") : verdict("not_open");
  return verdict("ok");
}

/* The answer to a code read at `at`, before asking who of the household has come already. `code` null: on no list.
   A withdrawn code counts where the phone could not know of the withdrawal. */
export function judgeScan(door, code, at, { offline = false, letIn = false } = {}) {
  if (code === null) return verdict("unknown");
  if (code.meetingId !== door.meetingId) return verdict("other_meeting");
  const openOrNot = judgeDoor(door, at, { offline, letIn });
  if (openOrNot.answer !== "ok") return openOrNot;
  if (code.withdrawn) return offline && code.couldKnow === false ? verdict("ok", "revoked") : verdict("revoked");
  return openOrNot;
}

function verdict(answer, flag = "") {
  return { answer, flag };
}
