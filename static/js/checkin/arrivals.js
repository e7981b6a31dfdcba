/* Who has come, as far as this phone knows: what the commune has, and on top of it what the phone has not sent yet, in
   the order in which it was done. Pure. */

export class Arrivals {
  rows = [];

  /* `cameRows` of the commune, `done` what it has taken since, `waiting` what is on this phone only; oldest first. */
  update(cameRows, done, waiting) {
    const known = cameRows.map((row) => ({
      householdId: row.household_id, residentId: row.resident_id, guestId: row.guest_id,
      attendanceId: row.attendance_id, at: row.at, state: "sent",
    }));
    const taken = done.reduce((rows, event) => withEvent(rows, event, "sent"), known);
    this.rows = waiting.reduce((rows, event) => withEvent(rows, event, "saved"), taken);
  }

  ofEntry(entry) {
    return this.rows.filter((row) => (entry.guest_id ? row.guestId === entry.guest_id : entry.household_id && row.householdId === entry.household_id));
  }

  ofResident(id) {
    return this.rows.find((row) => row.residentId === id);
  }

  walkIns() {
    return this.rows.filter((row) => row.walkIn);
  }

  /* "saved" while anything about it waits on this phone, "sent" once the commune has it, undefined if nobody came. */
  stateOf(entry) {
    const rows = this.ofEntry(entry);
    return rows.some((row) => row.state === "saved") ? "saved" : rows[0]?.state;
  }

  /* The arrival that makes this one a repeat, if all it asks for are here. */
  earlier(entry, residentIds) {
    if (!residentIds.length) return this.ofEntry(entry)[0];
    const found = residentIds.map((id) => this.ofResident(id));
    return found.every(Boolean) ? found[0] : undefined;
  }
}

function withEvent(rows, event, state) {
  if (event.undo) return rows.filter((row) => !isMeant(row, event.undo));
  return [...rows, ...rowsOf(event).filter((row) => !isThere(rows, row)).map((row) => ({ ...row, eventId: event.event_id, at: event.scanned_at, state }))];
}

/* What the commune is asked to take back: a row it has named, or who came in by an event of this phone. */
export function undoOf({ eventId, attendanceId, residentId, proxyName }) {
  if (attendanceId) return { attendance_id: attendanceId };
  return { event_id: eventId, ...(residentId ? { resident_id: residentId } : {}), ...(proxyName ? { stand_in: true } : {}) };
}

function isMeant(row, undo) {
  if (undo.attendance_id) return row.attendanceId === undo.attendance_id;
  if (row.eventId !== undo.event_id) return false;
  if (undo.resident_id) return row.residentId === undo.resident_id;
  return undo.stand_in ? Boolean(row.proxyName) : true;
}

function isThere(rows, { householdId, residentId, guestId, proxyName }) {
  if (residentId) return rows.some((row) => row.residentId === residentId);
  if (guestId) return rows.some((row) => row.guestId === guestId);
  return Boolean(householdId) && !proxyName && rows.some((row) => row.householdId === householdId);
}

/* Whom an event lets in. Its code was looked up in the list of this phone when it was read (`about`). */
function rowsOf(event) {
  const { about = {} } = event;
  if (about.answer && about.answer !== "ok") return [];
  if (event.walk_in) return [{ walkIn: event.walk_in.name, householdId: event.walk_in.household_id }];
  const householdId = event.household_id ?? about.household_id;
  const guestId = event.guest_id ?? about.guest_id;
  const named = event.resident_ids ?? about.resident_ids;
  const residents = Array.isArray(named) ? named : []; // one the commune could not read is kept as it is
  const rows = residents.map((residentId) => ({ householdId, residentId }));
  if (guestId) rows.push({ guestId });
  else if (householdId && (event.proxy_name || !residents.length)) rows.push({ householdId, proxyName: event.proxy_name });
  return rows;
}
