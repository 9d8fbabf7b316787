package org.cairnfs.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.crypto.BlockKey;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.crypto.IntegrityException;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.VolumeKeys;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Sealing and opening blocks of several sizes: microseconds a block, on one thread. */
@State(Scope.Thread)
public class SealingBenchmark extends MicrosecondsBenchmark {
  @Param({"4096", "65536", "1048576"})
  private int length;

  private BlockSealer sealer;
  private byte[] plain;
  private byte[] blob;
  private ByteBuffer sealed;
  private ByteBuffer opened;
  private BlobRef ref;
  private BlockKey key;

  @Setup
  public void prepare() throws IntegrityException {
    sealer = new BlockSealer(VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES])));
    plain = new byte[length];
    new Random(1).nextBytes(plain);
    blob = new byte[BlobFormat.LATEST.blobLengthOf(length)];
    sealed = ByteBuffer.allocateDirect(blob.length);
    opened = ByteBuffer.allocateDirect(length);
    ref = sealer.seal(plain, 0, length, blob, 0);
    key = sealer.unwrap(ref);
    sealed.put(blob);
  }

  @Benchmark
  public BlobRef seal() {
    plain[0]++;
    return sealer.seal(plain, 0, length, blob, 0);
  }

  /** As whole frames are read: into memory off the heap, as the kernel wants it. */
  @Benchmark
  public ByteBuffer open() throws IntegrityException {
    opened.clear();
    int frames = BlobFormat.LATEST.frameCount(length);
    for (int frame = 0; frame < frames; frame++) {
      int end = BlobFormat.LATEST.frameOffset(frame)
          + BlobFormat.LATEST.sealedRunLength(length, frame, 1);
      sealed.limit(end).position(BlobFormat.LATEST.frameOffset(frame));
      sealer.openFrame(key, ref, frame, sealed, opened);
    }
    return opened;
  }

  /** Names and keys, which do not depend on a block's size. */
  @State(Scope.Thread)
  public static class Small extends MicrosecondsBenchmark {
    private static final Bytes NAME =
        new Bytes("twenty-byte-name.txt".getBytes(StandardCharsets.US_ASCII));

    private final VolumeKeys keys = VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES]));
    private final NameSealer names = new NameSealer(keys);
    private final BlockSealer blocks = new BlockSealer(keys);
    private final Bytes sealedName = names.sealName(InodeNumber.ROOT, NAME);
    private final BlobRef ref =
        blocks.seal(new byte[16], 0, 16, new byte[BlobFormat.LATEST.blobLengthOf(16)], 0);

    @Benchmark
    public Bytes sealName() {
      return names.sealName(InodeNumber.ROOT, NAME);
    }

    @Benchmark
    public Bytes openName() throws IntegrityException {
      return names.openName(InodeNumber.ROOT, sealedName);
    }

    @Benchmark
    public BlockKey unwrapKey() throws IntegrityException {
      return blocks.unwrap(ref);
    }
  }
}
