package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.cairnfs.core.BlobId;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.NoSuchBlobException;
import org.cairnfs.store.StoreStats;
import org.jspecify.annotations.Nullable;

/**
 * A disk with blobs: what was not synced a power cut may take, of each blob so many of the last
 * things that were done to it. Deleting is no exception.
 */
final class SimDisk implements BlobStore {
  /** The power went while the disk was at work. */
  static final class PowerCut extends IOException {
    private static final long serialVersionUID = 1;
  }

  private final SimWorld world;
  private final Map<BlobId, byte[]> stable = new TreeMap<>();
  private final TreeMap<BlobId, byte[]> seen = new TreeMap<>();

  /** Of each blob what was done to it since the last sync, in order; null is a deletion. */
  private final Map<BlobId, List<byte @Nullable []>> unsynced = new LinkedHashMap<>();

  private BooleanSupplier failure = () -> false;

  SimDisk(SimWorld world) {
    this.world = world;
  }

  /** Asked at each sync whether the power goes in the middle of it. */
  void failing(BooleanSupplier cutsPower) {
    failure = cutsPower;
  }

  @Override
  public boolean append(BlobId id, ByteBuffer blob) {
    if (seen.containsKey(id)) {
      blob.position(blob.limit());
      return false;
    }
    byte[] bytes = new byte[blob.remaining()];
    blob.get(bytes);
    seen.put(id, bytes);
    unsynced.computeIfAbsent(id, unused -> new ArrayList<>()).add(bytes);
    world.changed();
    return true;
  }

  @Override
  public OptionalInt lengthBytes(BlobId id) {
    byte[] bytes = seen.get(id);
    return bytes == null ? OptionalInt.empty() : OptionalInt.of(bytes.length);
  }

  @Override
  public void read(BlobId id, int offset, ByteBuffer into) throws IOException {
    byte[] bytes = seen.get(id);
    if (bytes == null) {
      throw new NoSuchBlobException(id);
    }
    into.put(bytes, offset, into.remaining());
  }

  @Override
  public boolean verify(BlobId id) throws IOException {
    byte[] bytes = seen.get(id);
    if (bytes == null) {
      throw new NoSuchBlobException(id);
    }
    if (Hashes.isBlob(id, ByteBuffer.wrap(bytes))) {
      return true;
    }
    delete(id);
    return false;
  }

  @Override
  public void delete(BlobId id) {
    if (seen.remove(id) != null) {
      unsynced.computeIfAbsent(id, unused -> new ArrayList<>()).add(null);
      world.changed();
    }
  }

  @Override
  public List<BlobId> list(@Nullable BlobId after, int max) {
    var rest = after == null ? seen : seen.tailMap(after, false);
    return rest.keySet().stream().limit(max).toList();
  }

  @Override
  public void sync() throws IOException {
    if (!unsynced.isEmpty() && failure.getAsBoolean()) {
      throw new PowerCut();
    }
    unsynced.forEach((id, steps) -> keep(id, steps.get(steps.size() - 1)));
    unsynced.clear();
  }

  private void keep(BlobId id, byte @Nullable [] bytes) {
    world.changed();
    if (bytes == null) {
      stable.remove(id);
    } else {
      stable.put(id, bytes);
    }
  }

  /** What is left is what there is from now on. */
  void cutPower() {
    unsynced.forEach((id, steps) -> {
      int kept = world.random.nextInt(steps.size() + 1);
      if (kept > 0) {
        keep(id, steps.get(kept - 1));
      }
    });
    unsynced.clear();
    seen.clear();
    seen.putAll(stable);
    world.changed();
  }

  /** A bit flips in what is stored. */
  void damage(BlobId id) {
    byte[] bytes = stable.get(id);
    if (bytes != null && seen.containsKey(id)) {
      byte[] bad = bytes.clone();
      bad[world.random.nextInt(bad.length)] ^= 1;
      stable.put(id, bad);
      seen.put(id, bad);
      world.changed();
    }
  }

  /** Whether a power cut now would leave an intact copy, whatever else it takes. */
  boolean hasForGood(BlobId id) {
    return isIntact(id, stable.get(id))
        && unsynced.getOrDefault(id, List.of()).stream().allMatch(step -> step != null);
  }

  /** Whether there is an intact copy now. */
  boolean has(BlobId id) {
    return isIntact(id, seen.get(id));
  }

  /** Damage that was found and is not yet overwritten counts: a power cut may bring it back. */
  boolean hasDamage() {
    return stable.entrySet().stream().anyMatch(each -> !isIntact(each.getKey(), each.getValue()));
  }

  private static boolean isIntact(BlobId id, byte @Nullable [] bytes) {
    return bytes != null && Hashes.isBlob(id, ByteBuffer.wrap(bytes));
  }

  List<BlobId> blobs() {
    return List.copyOf(seen.keySet());
  }

  @Override
  public long compact(long copiedMaxBytes) {
    return 0;
  }

  @Override
  public StoreStats stats() {
    return new StoreStats(seen.size(), 0, 0, 0);
  }

  @Override
  public void close() {}
}
