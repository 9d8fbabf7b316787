package org.cairnfs.node.rehearsal;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobRef;
import org.cairnfs.crypto.BlockKey;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.IntegrityException;
import org.cairnfs.crypto.Primitives;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Seals and opens blocks that nobody wants while the node starts, so that the first program does
 * not wait for ciphers that are not loaded, or, where they are Java's, not compiled: until they
 * are, a frame takes fifty times as long. Touches nothing but memory, and ends by itself.
 */
public final class CipherRehearsal implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(CipherRehearsal.class);
  private static final long LIMIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
  private static final int ROUNDS = 400;
  private static final int NATIVE_ROUNDS = 10;

  private final BlockSealer sealer;

  public CipherRehearsal(BlockSealer sealer) {
    this.sealer = sealer;
  }

  @Override
  public void run() {
    BlobFormat format = BlobFormat.LATEST;
    byte[] plain = new byte[format.frameBytes()];
    byte[] blob = new byte[format.blobLengthOf(plain.length)];
    ByteBuffer sealed = ByteBuffer.allocateDirect(format.sealedRunLength(plain.length, 0, 1));
    ByteBuffer out = ByteBuffer.allocateDirect(plain.length);
    int rounds = Primitives.fastest().isNative() ? NATIVE_ROUNDS : ROUNDS;
    long end = System.nanoTime() + LIMIT_NANOS;
    try {
      for (int round = 0; round < rounds && System.nanoTime() < end; round++) {
        BlobRef ref = sealer.seal(plain, 0, plain.length, blob, 0);
        BlockKey key = sealer.unwrap(ref);
        int frame = format.frameOffset(0);
        sealed.clear().put(blob, frame, blob.length - frame).flip();
        sealer.openFrame(key, ref, 0, sealed, out.clear());
      }
    } catch (IntegrityException e) {
      LOG.error("a block that was just sealed cannot be opened: do not trust this machine", e);
    }
  }
}
