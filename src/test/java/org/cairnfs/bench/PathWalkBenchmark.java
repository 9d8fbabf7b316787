package org.cairnfs.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Timestamp;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NameSealer;
import org.cairnfs.crypto.VolumeKeys;
import org.cairnfs.meta.Inode;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.NewInode;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What the kernel's walk along a path of six names costs below the adapter, when it knows none of
 * them: each name is sealed and looked up, and its inode read, in metadata over RocksDB.
 */
@State(Scope.Thread)
public class PathWalkBenchmark extends MicrosecondsBenchmark {
  private static final int DEPTH = 6;

  /** Names in each directory: 8^6 files, and 300,000 inodes in all, more than is kept of rows. */
  private static final int FANOUT = 8;

  /** Directories made in one entry of the log. */
  private static final int CUT_DIRECTORIES = 512;

  private final NameSealer names =
      new NameSealer(VolumeKeys.derive(MasterKey.of(new byte[MasterKey.SIZE_BYTES])));
  private final Random random = new Random(1);
  private final int[] path = new int[DEPTH];
  private RocksMetadata metadata;

  @Setup(Level.Trial)
  public void makeTree() throws IOException {
    metadata = new RocksMetadata();
    List<InodeNumber> level = List.of(InodeNumber.ROOT);
    for (int depth = 1; depth <= DEPTH; depth++) {
      int type = depth < DEPTH ? FileMode.DIRECTORY | 0755 : FileMode.REGULAR | 0644;
      List<InodeNumber> next = new ArrayList<>();
      for (InodeNumber parent : level) {
        for (int i = 0; i < FANOUT; i++) {
          next.add(make(parent, name(i), type));
        }
        if (next.size() % (CUT_DIRECTORIES * FANOUT) == 0) {
          metadata.session().cut().commit(List.of()).join();
        }
      }
      level = next;
    }
    metadata.session().cut().commit(List.of()).join();
  }

  private InodeNumber make(InodeNumber parent, Bytes name, int mode) {
    NewInode made = new NewInode(mode, 0, 0, 0, null, 0, new Timestamp(1, 0));
    return metadata.session().create(parent, names.sealName(parent, name), made).number();
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    metadata.close();
  }

  /** Always the same path, as of a directory that a program works in. */
  @Benchmark
  public Inode samePath() {
    return walk();
  }

  /** Any of a quarter of a million files. */
  @Benchmark
  public Inode anyPath() {
    for (int i = 0; i < DEPTH; i++) {
      path[i] = random.nextInt(FANOUT);
    }
    return walk();
  }

  private Inode walk() {
    LocalMetaSession session = metadata.session();
    Inode found = session.inode(InodeNumber.ROOT);
    for (int step : path) {
      InodeNumber parent = found.number();
      Bytes sealed = names.sealName(parent, name(step));
      found =
          session.inode(Objects.requireNonNull(session.lookup(parent, sealed)).inode());
    }
    return found;
  }

  private static Bytes name(int number) {
    return new Bytes(("some-file-or-directory-" + number).getBytes(StandardCharsets.UTF_8));
  }
}
