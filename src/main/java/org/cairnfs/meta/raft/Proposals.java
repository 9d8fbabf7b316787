package org.cairnfs.meta.raft;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What was proposed to the log and not answered, in order. Not thread-safe. */
final class Proposals {
  /** Bytes of entries handed to Ratis and not answered; at least one entry always is. */
  private static final long MAX_SUBMITTED_BYTES = 32L << 20;

  /** An entry, and who waits for it. */
  static final class Proposal {
    private final long call;
    private final byte[] entry;
    private final CompletableFuture<byte[]> reply = new CompletableFuture<>();
    private boolean submitted;

    /** For how many ticks it has waited. */
    private long ticks;

    private Proposal(long call, byte[] entry) {
      this.call = call;
      this.entry = entry;
    }

    long call() {
      return call;
    }

    byte[] entry() {
      return entry;
    }

    CompletableFuture<byte[]> reply() {
      return reply;
    }
  }

  private final Deque<Proposal> open = new ArrayDeque<>();
  private long submittedBytes;
  private long calls;

  Proposal add(byte[] entry) {
    Proposal proposal = new Proposal(++calls, entry);
    open.add(proposal);
    return proposal;
  }

  /** The next to hand to the server, which is then taken for submitted; null: none now. */
  @Nullable
  Proposal next() {
    for (Proposal proposal : open) {
      if (proposal.submitted) {
        continue;
      }
      if (submittedBytes > 0 && submittedBytes + proposal.entry.length > MAX_SUBMITTED_BYTES) {
        return null;
      }
      proposal.submitted = true;
      submittedBytes += proposal.entry.length;
      return proposal;
    }
    return null;
  }

  /** It is answered; nothing happens if it was before. */
  void remove(Proposal proposal) {
    if (open.remove(proposal) && proposal.submitted) {
      submittedBytes -= proposal.entry.length;
    }
  }

  /** Those handed to the server. */
  List<CompletableFuture<byte[]>> submitted() {
    return open.stream()
        .filter(proposal -> proposal.submitted)
        .map(proposal -> proposal.reply)
        .toList();
  }

  /** The server is gone: all have to be submitted again. */
  void resubmit() {
    submittedBytes = 0;
    open.forEach(proposal -> proposal.submitted = false);
  }

  /** Lets time pass. */
  void tick() {
    open.forEach(proposal -> proposal.ticks++);
  }

  /** Takes out those that have waited for so many ticks. */
  List<CompletableFuture<byte[]>> takeLate(long limitTicks) {
    List<Proposal> late =
        open.stream().filter(proposal -> proposal.ticks >= limitTicks).toList();
    late.forEach(this::remove);
    return late.stream().map(proposal -> proposal.reply).toList();
  }

  /** Takes out all. */
  List<CompletableFuture<byte[]>> clear() {
    List<CompletableFuture<byte[]>> all =
        open.stream().map(proposal -> proposal.reply).toList();
    open.clear();
    submittedBytes = 0;
    return all;
  }
}
