package org.cairnfs.vfs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.cairnfs.blob.BlockStore;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Cut;
import org.cairnfs.meta.EntryJournal;
import org.cairnfs.meta.FileUpdate;
import org.cairnfs.meta.LeaseRange;
import org.cairnfs.meta.Leases;
import org.jspecify.annotations.Nullable;

/**
 * The files with something that no cut has yet, and what becomes of them with each cut. Anybody may
 * add; the rest is for one thread at a time.
 */
final class PendingFiles {
  private final BlockStore blobs;
  private final ActiveFiles files;
  private final StrayBlobs strays;
  private final Set<ActiveFile> pending = ConcurrentHashMap.newKeySet();

  /** By the number of their cut, files whose changes are proposed and perhaps not committed. */
  private final ConcurrentNavigableMap<Long, List<ActiveFile>> uncommitted =
      new ConcurrentSkipListMap<>();

  /** Cuts committed so far. */
  private long cuts;

  PendingFiles(BlockStore blobs, ActiveFiles files, StrayBlobs strays) {
    this.blobs = blobs;
    this.files = files;
    this.strays = strays;
  }

  void add(ActiveFile file) {
    pending.add(file);
  }

  boolean isEmpty() {
    return pending.isEmpty();
  }

  /** Forgets all, those too whose changes are on their way, and returns them. */
  Set<ActiveFile> takeAll() {
    Set<ActiveFile> all = new HashSet<>(pending);
    uncommitted.values().forEach(all::addAll);
    pending.clear();
    uncommitted.clear();
    return all;
  }

  /** Nothing may be pending of it any more: it is forgotten when nobody uses it. */
  void retire(ActiveFile file) {
    files.retire(file);
  }

  /** Whether there are files with numbers in the ranges. */
  boolean anyIn(List<LeaseRange> ranges) {
    return pending.stream()
        .anyMatch(file -> ranges.stream().anyMatch(range -> range.contains(file.number())));
  }

  /** A file that no cut may have now, because the lease on it is gone; null if there is none. */
  @Nullable
  ActiveFile unheld(Leases leases) {
    return pending.stream()
        .filter(file -> !leases.mayChange(file.number()))
        .findFirst()
        .orElse(null);
  }

  /** All that a cut may have. */
  List<ActiveFile> held(Leases leases) {
    return pending.stream().filter(file -> leases.mayChange(file.number())).toList();
  }

  /** Freezes some. Nobody may change anything meanwhile. */
  List<FrozenFile> freeze(List<ActiveFile> some) {
    List<FrozenFile> frozen = new ArrayList<>();
    for (ActiveFile file : some) {
      pending.remove(file);
      FrozenFile state = file.freeze();
      if (state != null) {
        frozen.add(state);
      } else {
        files.retire(file);
      }
    }
    return frozen;
  }

  /** The cut is not to be: everything in it is for the next one. Returns why. */
  CompletableFuture<Void> takeBack(
      Cut cut, List<FrozenFile> frozen, Map<ActiveFile, PosixException> failures) {
    cut.takeBack();
    frozen.forEach(file -> postpone(file.file(), failures.get(file.file())));
    PosixException first = failures.values().iterator().next();
    return CompletableFuture.failedFuture(
        new PosixException(first.errno(), "bytes written before cannot be stored", first));
  }

  /** Commits everything but the bytes of the files with failures, which are for the next cut. */
  CompletableFuture<Void> commit(
      Cut cut,
      List<FrozenFile> frozen,
      Map<ActiveFile, PosixException> failures,
      EntryJournal first) {
    List<FileUpdate> updates = new ArrayList<>(frozen.size());
    Map<ActiveFile, List<BlobRef>> pinned = new HashMap<>();
    for (FrozenFile file : frozen) {
      if (!failures.containsKey(file.file())) {
        updates.add(file.toUpdate());
        pinned.put(file.file(), file.refs());
      }
    }
    long number = ++cuts;
    if (!frozen.isEmpty()) {
      uncommitted.put(number, frozen.stream().map(FrozenFile::file).toList());
    }
    Set<BlobId> wanted = new HashSet<>();
    pinned.values().forEach(refs -> refs.forEach(ref -> wanted.add(ref.id())));
    CompletableFuture<Void> committed = cut.commit(updates, first);
    CompletableFuture<Void> kept = committed.thenCompose(done -> blobs.stillKept(wanted));
    for (FrozenFile file : frozen) {
      PosixException failure = failures.get(file.file());
      if (failure == null) {
        file.file().settle(file);
        keepIfPending(file.file());
      } else {
        postpone(file.file(), failure);
      }
    }
    var unused = committed.whenComplete((done, error) -> {
      if (error == null) {
        // cuts commit in order, also those whose waiters were told that the log has no room
        uncommitted.headMap(number, true).clear();
      } else {
        // the log may have taken it all the same
        pinned.values().forEach(refs -> refs.forEach(blobs::abandon));
      }
    });
    var unusedToo = kept.whenComplete((done, error) -> {
      if (!committed.isCompletedExceptionally()) {
        pinned.forEach(this::unpin);
      }
    });
    return kept;
  }

  private void postpone(ActiveFile file, @Nullable PosixException failure) {
    file.postpone(failure);
    if (!files.exists(file.number())) {
      file.discard(); // removed meanwhile: nobody wants its bytes
    }
    keepIfPending(file);
  }

  private void keepIfPending(ActiveFile file) {
    if (file.isPending()) {
      pending.add(file);
    } else {
      files.retire(file);
    }
  }

  /** The metadata has the blobs, unless it dropped the update because the file is gone. */
  private void unpin(ActiveFile file, List<BlobRef> refs) {
    refs.forEach(files.exists(file.number()) ? blobs::unpin : strays::add);
  }
}
