package org.cairnfs.meta;

import java.io.Closeable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * The replicated log as a session needs it: entries go in, are made durable, applied to the
 * {@link MetaStore}, and answered.
 *
 * <p>Thread-safe. Entries of one thread are applied in the order proposed. An entry that was
 * accepted is either applied or refused: together with all later ones once the log failed for good
 * or was closed; alone when there was no leader for too long, and then it may be applied all the
 * same, unless its session was ended.
 */
public interface MetaLog extends Closeable {
  /** Longest entry it takes. */
  int MAX_ENTRY_BYTES = 15 << 20;

  /**
   * Proposes an entry; does not wait.
   *
   * @param entry an encoded {@link org.cairnfs.proto.MetaEntry}; nobody writes to it afterwards
   * @return the encoded {@link org.cairnfs.proto.MetaReply} once the entry is durable and applied;
   *     exceptionally with an {@link java.io.IOException} when it will not be
   */
  CompletableFuture<byte[]> propose(byte[] entry);

  /**
   * Whether there is a leader that entries can go to, as far as is known here. While there is none
   * they wait, for a bounded time. Answers at once.
   */
  boolean hasLeader();

  /**
   * Why entries are waiting for something that may pass (a full disk), or null. Accepted entries
   * are not lost.
   */
  @Nullable
  PosixException stalled();

  /**
   * Has {@code listener} called, on a thread of the log, whenever {@link #stalled} begins to be
   * non-null.
   */
  void onStall(Consumer<PosixException> listener);

  /** Stops after what was accepted, within a bounded time. */
  @Override
  void close();
}
