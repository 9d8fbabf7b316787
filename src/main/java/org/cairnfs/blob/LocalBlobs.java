package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.NoSuchBlobException;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The blobs on this node's disk: those that belong here, and cached ones; and what keeps them from
 * being deleted: writers here pin a blob until the metadata refers to it, nodes that put one here
 * have it held for a while.
 *
 * <p>Thread-safe; blocks on the disk. Adding a blob that somebody relies on and deciding to delete
 * one exclude each other.
 */
final class LocalBlobs {
  private static final Logger LOG = LoggerFactory.getLogger(LocalBlobs.class);

  /** What became of a blob that was to be collected. */
  enum Collected {
    /** It is gone, or was not here. */
    DELETED,
    /** The metadata refers to it. */
    NEEDED,
    /** A writer here has it pinned, and the metadata does not refer to it now. */
    PINNED,
    /** A writer elsewhere may rely on it, and the metadata does not refer to it now. */
    HELD
  }

  private final BlobStore replicas;
  private final CachedBlobs cached;
  private final Holds holds;
  private final Pins pins = new Pins();
  private final List<Consumer<BlobId>> damageListeners = new CopyOnWriteArrayList<>();
  private final List<Consumer<BlobId>> refusalListeners = new CopyOnWriteArrayList<>();

  /** Whether something was deleted, perhaps before the start, whose space may not be won back. */
  private volatile boolean mayBeCompacted = true;

  LocalBlobs(BlobStore replicas, CachedBlobs cached, Holds holds) {
    this.replicas = replicas;
    this.cached = cached;
    this.holds = holds;
  }

  /** Has {@code listener} told of blobs that were found damaged, on the thread that found it. */
  void onDamaged(Consumer<BlobId> listener) {
    damageListeners.add(listener);
  }

  /** Has {@code listener} told of blobs of other nodes that could not be stored here. */
  void onRefused(Consumer<BlobId> listener) {
    refusalListeners.add(listener);
  }

  /**
   * Stores a blob and pins it; returns whether it was added. As {@link BlobStore#append} otherwise.
   */
  boolean write(BlobId id, ByteBuffer blob) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      boolean added = replicas.append(id, blob);
      pins.add(id);
      return added;
    } finally {
      lock.unlock();
    }
  }

  /** Pins a blob if it belongs here; returns whether it does. */
  boolean pinIfHere(BlobId id) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      boolean isHere = replicas.lengthBytes(id).isPresent();
      if (isHere) {
        pins.add(id);
      }
      return isHere;
    } finally {
      lock.unlock();
    }
  }

  /** Stores a pinned blob again, if it is no longer here. */
  void restore(BlobId id, ByteBuffer blob) throws IOException {
    boolean unused = replicas.append(id, blob);
  }

  void unpin(BlobId id) {
    pins.remove(id);
  }

  /** As {@link #unpin}, but the blob is held from now on, as if another node had put it here. */
  void unpinAndHold(BlobId id) {
    holds.add(id);
    pins.remove(id);
  }

  /**
   * Stores a blob for another node, verified by the caller, on stable storage, and holds it.
   *
   * @return whether it was added
   */
  boolean accept(BlobId id, ByteBuffer blob) throws IOException {
    try {
      boolean added = appendHeld(id, blob);
      replicas.sync();
      return added;
    } catch (IOException e) {
      refused(id);
      throw e;
    }
  }

  /** As {@link #accept} of each, with one wait for the disk; what is refused the caller tells. */
  void acceptAll(Map<BlobId, ByteBuffer> blobs) throws IOException {
    for (var each : blobs.entrySet()) {
      boolean unused = appendHeld(each.getKey(), each.getValue());
    }
    replicas.sync();
  }

  /** Tells the listeners that a blob of another node could not be stored here. */
  void refused(BlobId id) {
    refusalListeners.forEach(listener -> listener.accept(id));
  }

  private boolean appendHeld(BlobId id, ByteBuffer blob) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      holds.add(id);
      return replicas.append(id, blob);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Holds a blob if it belongs here and is intact, or is cached and from now on belongs here;
   * returns its length as stored, or empty. It is on stable storage then.
   *
   * <p>Its bytes are looked at: who asks relies on them, and still has them to send.
   */
  OptionalInt hold(BlobId id) throws IOException {
    return holdAll(List.of(id)).get(0);
  }

  /** As {@link #hold} of each, in order, with one wait for the disk. */
  List<OptionalInt> holdAll(List<BlobId> ids) throws IOException {
    try {
      List<OptionalInt> lengths = new ArrayList<>(ids.size());
      for (BlobId id : ids) {
        OptionalInt length = holdUnseen(id);
        if (length.isPresent() && readIntact(id) == null) {
          length = holdUnseen(id); // there may be a cached copy
        }
        lengths.add(length);
      }
      if (lengths.stream().anyMatch(OptionalInt::isPresent)) {
        replicas.sync();
      }
      return lengths;
    } catch (IOException e) {
      ids.forEach(this::refused); // a cached copy that cannot become one that belongs here
      throw e;
    }
  }

  /** Holds what is said to be here; held first, so that it stays while it is looked at. */
  private OptionalInt holdUnseen(BlobId id) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      OptionalInt length = replicas.lengthBytes(id);
      if (length.isEmpty()) {
        length = promote(id);
      }
      if (length.isPresent()) {
        holds.add(id);
      }
      return length;
    } finally {
      lock.unlock();
    }
  }

  /** Makes a replica of a cached blob that is intact. The lock is held. */
  private OptionalInt promote(BlobId id) throws IOException {
    byte[] blob = cached.readAll(id);
    if (blob == null || !Hashes.isBlob(id, ByteBuffer.wrap(blob))) {
      return OptionalInt.empty();
    }
    boolean unused = replicas.append(id, ByteBuffer.wrap(blob));
    return OptionalInt.of(blob.length);
  }

  /** As {@link #hold}, but of a cached blob only, and without a hold: it belongs here. */
  boolean promoteIfCached(BlobId id, Predicate<BlobId> referenced) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      return referenced.test(id) && promote(id).isPresent();
    } finally {
      lock.unlock();
    }
  }

  /** Stores a verified blob as one that belongs here, if the metadata refers to it now. */
  boolean keep(BlobId id, ByteBuffer blob, Predicate<BlobId> referenced) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      return referenced.test(id) && replicas.append(id, blob);
    } finally {
      lock.unlock();
    }
  }

  /** Keeps a verified blob for the next reader, if there is room. */
  void cache(BlobId id, ByteBuffer blob) {
    cached.add(id, blob);
  }

  /** The length as stored of a blob that belongs here, or empty. */
  OptionalInt lengthBytes(BlobId id) throws IOException {
    return replicas.lengthBytes(id);
  }

  /** The length as stored of the copy there is here, cached or not; or empty. */
  OptionalInt copyLengthBytes(BlobId id) throws IOException {
    OptionalInt length = replicas.lengthBytes(id);
    return length.isPresent() ? length : cached.lengthBytes(id);
  }

  /** Whether there is a copy here, cached or not. */
  boolean isHere(BlobId id) throws IOException {
    return copyLengthBytes(id).isPresent();
  }

  /** As {@link BlobStore#read}, from the copy there is. */
  void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    int start = into.position();
    try {
      replicas.read(id, offset, into);
    } catch (NoSuchBlobException e) {
      cached.read(id, offset, into.position(start));
    }
  }

  /** All bytes of a blob that belongs here, verified; null if there are none, or damaged ones. */
  byte @Nullable [] readIntact(BlobId id) throws IOException {
    OptionalInt length = replicas.lengthBytes(id);
    if (length.isEmpty()) {
      return null;
    }
    byte[] blob = new byte[length.getAsInt()];
    replicas.read(id, 0, ByteBuffer.wrap(blob));
    if (Hashes.isBlob(id, ByteBuffer.wrap(blob))) {
      return blob;
    }
    boolean unused = verify(id);
    return null;
  }

  /**
   * Verifies the copies there are; damaged ones are no longer served, and the listeners are told.
   *
   * @return whether there is an intact one
   */
  boolean verify(BlobId id) throws IOException {
    byte[] copy = cached.readAll(id);
    boolean cachedIntact = copy != null && Hashes.isBlob(id, ByteBuffer.wrap(copy));
    if (copy != null && !cachedIntact) {
      LOG.warn("Cached blob {} is damaged", id);
      cached.delete(id);
    }
    if (replicas.lengthBytes(id).isEmpty()) {
      return cachedIntact;
    }
    if (replicas.verify(id)) {
      return true;
    }
    damageListeners.forEach(listener -> listener.accept(id));
    return cachedIntact;
  }

  /**
   * Deletes a blob unless it is pinned, held or referenced. All is decided while nobody can pin or
   * hold it: one that is written again at the same moment is either seen here or stored anew.
   */
  Collected collect(BlobId id, Predicate<BlobId> referenced) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      // In this order: a pin ends only after the metadata refers to the blob.
      boolean pinned = pins.has(id);
      boolean held = holds.has(id);
      if (referenced.test(id)) {
        return Collected.NEEDED;
      }
      if (pinned || held) {
        return pinned ? Collected.PINNED : Collected.HELD;
      }
      delete(id);
      cached.delete(id);
      return Collected.DELETED;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Gives up a replica that other nodes have; the caller made sure of that.
   *
   * @param leaving whether this node kept nothing in the long run when it asked the others: then it
   *     does not matter who relies on it here, since nobody was told so after it began to leave;
   *     else the blob stays if it is held, and is cached if not
   * @return whether it was given up
   */
  boolean giveUp(BlobId id, boolean leaving) throws IOException {
    ReentrantLock lock = pins.lockOf(id);
    lock.lock();
    try {
      if (pins.has(id) || (!leaving && holds.has(id))) {
        return false;
      }
      OptionalInt length = replicas.lengthBytes(id);
      if (!leaving && length.isPresent()) {
        ByteBuffer blob = ByteBuffer.allocate(length.getAsInt());
        replicas.read(id, 0, blob);
        cached.add(id, blob.flip());
      }
      delete(id);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void delete(BlobId id) throws IOException {
    replicas.delete(id);
    mayBeCompacted = true;
  }

  boolean isPinned(BlobId id) {
    return pins.has(id);
  }

  /** As {@link BlobStore#list}, of what belongs here. */
  List<BlobId> list(@Nullable BlobId after, int max) throws IOException {
    return replicas.list(after, max);
  }

  void sync() throws IOException {
    replicas.sync();
  }

  /**
   * Wins back space that blobs took which were deleted since there was last none to win back; as
   * {@link BlobStore#compact(long)} otherwise.
   */
  long compact(long copiedMaxBytes) throws IOException {
    if (!mayBeCompacted) {
      return 0;
    }
    mayBeCompacted = false; // before it looks: what is deleted meanwhile counts for the next time
    boolean done = false;
    try {
      long freed = replicas.compact(copiedMaxBytes);
      done = freed == 0;
      return freed;
    } finally {
      if (!done) {
        mayBeCompacted = true;
      }
    }
  }

  StoreStats stats() {
    return replicas.stats();
  }
}
