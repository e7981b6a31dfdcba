/* The list of one meeting that the phone took along: who is invited, by name, and the digests of their codes. */

import { fold, matches } from "../lib/filter-list.js";
import { digestOf, normaliseCode } from "./decode.js";

export class Roll {
  constructor(manifest) {
    this.manifest = manifest;
    this.entries = [...manifest.households, ...manifest.guests].map((entry, place) => ({
      ...entry,
      key: entry.guest_id ? `guest:${entry.guest_id}` : `household:${entry.household_id}`,
      number: place + 1,
      words: fold([entry.name, ...(entry.members ?? []).map((member) => member.name)].join(" ")),
    }));
    this.byDigest = new Map(this.entries.map((entry) => [entry.code_hash, entry]));
    this.byKey = new Map(this.entries.map((entry) => [entry.key, entry]));
    this.ofMember = new Map(this.entries.flatMap((entry) => (entry.members ?? []).map((member) => [member.resident_id, entry])));
    this.revoked = new Map((manifest.revoked ?? []).map((row) => [row.code_hash, row]));
  }

  get door() {
    const { meeting, opens_at: opens } = this.manifest;
    return { meetingId: meeting.id, status: meeting.status, opensAt: opens ? Date.parse(opens) : null };
  }

  /* {entry, withdrawn} of a typed or read code; null if this list does not have it. */
  async find(typed, subtle) {
    const code = normaliseCode(typed);
    const digest = code && (await digestOf(this.manifest.salt, code, subtle));
    if (!digest) return null;
    const entry = this.byDigest.get(digest);
    if (entry) return { entry, withdrawn: false };
    return this.revoked.has(digest) ? { entry: null, withdrawn: true } : null;
  }

  household(id) {
    return this.byKey.get(`household:${id}`);
  }

  /* Those of an entry's household who are invited by name. */
  named(entry) {
    return (entry.members ?? []).filter((member) => entry.named.includes(member.resident_id));
  }

  namesOf(ids) {
    return ids.map((id) => this.ofMember.get(id)?.members.find((member) => member.resident_id === id)?.name).filter(Boolean);
  }

  narrowed(query) {
    return query ? this.entries.filter((entry) => matches(entry.words, query)) : this.entries;
  }

  people(typed) {
    return this.manifest.households.flatMap((household) =>
      household.members
        .filter((member) => matches(fold(member.name), typed))
        .map((member) => ({ ...member, household_id: household.household_id, household: household.name, hamlet: household.hamlet })),
    );
  }

  hamlets() {
    return [...new Set(this.manifest.households.map((household) => household.hamlet))];
  }
}
