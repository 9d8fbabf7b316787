package org.cairnfs.vfs;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cairnfs.core.BlobId;
import org.cairnfs.meta.MetaLog;
import org.cairnfs.meta.MetaStore;
import org.cairnfs.proto.JournalBlob;
import org.cairnfs.proto.JournalRecord;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaReply;
import org.cairnfs.store.BlobStore;
import org.cairnfs.store.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * After a crash, brings what the journal has and nobody else into the segments and the log, before
 * the node's next session ends the one that it was done in. Used once, by one thread.
 */
public final class JournalReplay {
  private static final int REPLY_LIMIT_SECONDS = 30;

  private static final Logger LOG = LoggerFactory.getLogger(JournalReplay.class);

  private final MetaStore metadata;
  private final MetaLog entries;
  private final BlobStore blobs;

  /**
   * @param metadata has what is in the log already
   * @param entries the log
   */
  public JournalReplay(MetaStore metadata, MetaLog entries, BlobStore blobs) {
    this.metadata = metadata;
    this.entries = entries;
    this.blobs = blobs;
  }

  /**
   * Blocks until everything is where it belongs. The journal takes new records afterwards.
   *
   * @throws IOException if something of it cannot be stored: then it must be tried again before
   *     there is a new session
   */
  public void run(Journal journal) throws IOException {
    List<byte[]> missing = new ArrayList<>();
    int restored = 0;
    for (byte[] bytes : journal.recovered()) {
      JournalRecord record = parse(bytes);
      MetaEntry entry = MetaEntry.parseFrom(record.getEntry());
      OptionalLong last = metadata.lastEntryOf(entry.getSession());
      if (last.isEmpty()) {
        continue; // its session came to a good end
      }
      boolean applied = entry.getCut() <= last.getAsLong();
      for (JournalBlob blob : record.getBlobsList()) {
        restored += restore(blob, applied) ? 1 : 0;
      }
      if (!applied) {
        missing.add(record.getEntry().toByteArray());
      }
    }
    blobs.sync();
    propose(missing);
    journal.settle(journal.last());
    if (restored > 0 || !missing.isEmpty()) {
      LOG.info(
          "The journal had {} synced changes and {} blobs of them that nobody else had",
          missing.size(),
          restored);
    }
  }

  private static JournalRecord parse(byte[] bytes) throws IOException {
    try {
      return JournalRecord.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("the journal has a record that is intact and makes no sense", e);
    }
  }

  /** Whatever the metadata no longer refers to may have been deleted since, and stays so. */
  private boolean restore(JournalBlob blob, boolean applied) throws IOException {
    BlobId id = BlobId.of(blob.getId().toByteArray());
    return (!applied || metadata.isReferenced(id))
        && blobs.append(id, ByteBuffer.wrap(blob.getSealed().toByteArray()));
  }

  private void propose(List<byte[]> missing) throws IOException {
    List<CompletableFuture<byte[]>> replies = new ArrayList<>();
    for (byte[] entry : missing) {
      replies.add(entries.propose(entry));
    }
    for (CompletableFuture<byte[]> reply : replies) {
      try {
        MetaReply.Outcome outcome = MetaReply.parseFrom(
                reply.get(REPLY_LIMIT_SECONDS, TimeUnit.SECONDS))
            .getOutcome();
        if (outcome != MetaReply.Outcome.APPLIED && outcome != MetaReply.Outcome.DUPLICATE) {
          LOG.error("A synced change could not be done again after the crash: {}", outcome);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the journal was replayed", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("the log does not take what the journal has", e);
      }
    }
  }
}
