package org.cairnfs.meta;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.cairnfs.core.BlobId;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.MetaReply;

/**
 * Hears which blobs the metadata drops. Some of them may be referred to again:
 * {@link MetaStore#isReferenced} tells. Thread-safe if what it calls is.
 */
public final class DroppedBlobs implements AppliedListener {
  private final Consumer<List<BlobId>> dropped;
  private final Runnable reloaded;

  /**
   * What to call, which must not block.
   *
   * @param dropped gets the blobs of an entry
   * @param reloaded blobs may have been dropped that nobody was told of
   */
  public DroppedBlobs(Consumer<List<BlobId>> dropped, Runnable reloaded) {
    this.dropped = dropped;
    this.reloaded = reloaded;
  }

  @Override
  public void applied(long index, MetaEntry entry, MetaReply reply) {
    if (reply.getOutcome() != MetaReply.Outcome.APPLIED) {
      return;
    }
    List<BlobId> ids = new ArrayList<>();
    for (MetaOp op : entry.getOpsList()) {
      if (op.getKindCase() == MetaOp.KindCase.DROP_GARBAGE) {
        for (ByteString id : op.getDropGarbage().getBlobIdsList()) {
          if (id.size() == BlobId.SIZE_BYTES) {
            ids.add(BlobId.of(id.toByteArray()));
          }
        }
      }
    }
    if (!ids.isEmpty()) {
      dropped.accept(ids);
    }
  }

  @Override
  public void reloaded() {
    reloaded.run();
  }
}
