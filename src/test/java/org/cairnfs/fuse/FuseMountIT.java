package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.Opened;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What programs see on a mounted vfs. */
final class FuseMountIT {
  private static final int JOBS = 4;

  private final MemoryVfs vfs = MountFixture.memory();
  private MountFixture mount;

  @BeforeEach
  void mount() throws IOException {
    mount = MountFixture.mount(vfs);
  }

  @AfterEach
  void unmount() throws IOException {
    mount.close();
  }

  @Test
  void aTreeIsCopiedInAndComparesEqual() throws Exception {
    mount.bash("""
        cp -a /usr/include/linux/. tree || cp -a /usr/share/perl5/. tree
        diff -r tree /usr/include/linux || diff -r tree /usr/share/perl5
        mv tree moved
        tar cf - moved | tar df -
        rm -r moved
        test -z "$(ls -A)"
        """);
  }

  @Test
  void attributesAreKeptToTheLetter() throws Exception {
    assertThat(mount.bash("""
                echo hello > f
                chown 12:4294967290 f
                chmod 6751 f
                touch -a -d @-1.999999999 f
                touch -m -d @4294967297.123456789 f
                stat -c '%a %u %g %s %h %b %o %.9X %.9Y' f
                mknod n c 4095 1048575
                stat -c '%F %t %T' n
                mkfifo p
                stat -c '%F' p
                ln -s some/where l
                readlink l
                stat -c '%s %A' l
                """)).isEqualTo("""
            6751 12 4294967290 6 1 256 131072 -1.999999999 4294967297.123456789
            character special file fff fffff
            fifo
            some/where
            10 lrwxrwxrwx""");
  }

  @Test
  void privilegesDoNotOutliveAChange() throws Exception {
    assertThat(mount.bash("""
                chmod 777 .
                as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
                show() { stat -c %a "$@"; }
                for f in a b c d e; do echo text > $f; chmod 6777 $f; done
                as_nobody bash -c 'echo more >> a'; show a
                as_nobody truncate -s 1 b; show b
                as_nobody bash -c 'echo new > c'; show c
                echo more >> d; truncate -s 1 d; echo new > d; show d
                chown 1:1 e; show e
                echo text > f; chmod 6767 f; as_nobody bash -c 'echo more >> f'; show f
                """)).isEqualTo("777\n777\n777\n6777\n777\n2767");
  }

  @Test
  void touchSetsTheTimeOfTheFilesystem() throws Exception {
    Instant before = Instant.now();
    mount.bash("touch -d 2001-01-01 f; touch f");
    assertThat(Files.getLastModifiedTime(mount.path("f")).toInstant())
        .isBetween(before, Instant.now());
  }

  @ParameterizedTest
  @ValueSource(
      longs = {
        (1L << 31) - 1,
        1L << 31,
        (1L << 31) + 1,
        (1L << 32) - 1,
        1L << 32,
        (1L << 32) + 1,
        1L << 33
      })
  void sizesAndOffsetsHave64Bits(long size) throws Exception {
    Path file = mount.path("f");
    try (FileChannel channel = FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {42}), size - 1);
      assertThat(channel.size()).isEqualTo(size);
      ByteBuffer end = ByteBuffer.allocate(4);
      assertThat(channel.read(end, size - 3)).isEqualTo(3);
      assertThat(end.array()).containsExactly(0, 0, 42, 0);
    }
    assertThat(mount.bash("stat -c %s f; truncate -s -1 f; stat -c %s f"))
        .isEqualTo(size + "\n" + (size - 1));
  }

  @Test
  void sixteenTebibytesAreASize() throws Exception {
    assertThat(mount.bash("truncate -s 16T f; stat -c '%s %b' f; truncate -s 5 f; od -An -tx1 f"))
        .isEqualTo((16L << 40) + " 0\n 00 00 00 00 00");
  }

  @Test
  void hardLinksAreOneFile() throws Exception {
    mount.bash("""
        echo one > a
        ln a b
        cat a b > /dev/null
        echo two >> a
        cmp a b
        test "$(stat -c '%i %h' a)" = "$(stat -c '%i %h' b)"
        rm a
        test "$(stat -c %h b)" = 1
        grep -q two b
        """);
  }

  @Test
  void anUnlinkedFileLivesOnWhileItIsOpen() throws Exception {
    mount.bash("""
        exec 3<>f
        echo first >&3
        rm f
        test "$(stat -Lc '%h %s' /proc/self/fd/3)" = "0 6"
        echo second >&3
        test "$(cat /proc/self/fd/3)" = $'first\\nsecond'
        truncate -s 3 /proc/self/fd/3
        test "$(stat -Lc %s /proc/self/fd/3)" = 3
        """);
    mount.mount.unmount();
    assertThat(vfs.openHandles()).isZero();
  }

  @Test
  void exactlyOneExclusiveCreateWins() throws Exception {
    for (int round = 0; round < 20; round++) {
      Path file = mount.path("exclusive" + round);
      List<Boolean> won = inParallel(job -> {
        try {
          Files.write(file, new byte[] {1}, StandardOpenOption.CREATE_NEW);
          return true;
        } catch (FileAlreadyExistsException lost) {
          return false;
        }
      });
      assertThat(won).containsOnlyOnce(true);
    }
  }

  @Test
  void createOpensWhatSomebodyElseCreatedMeanwhile() throws Exception {
    assertThat(mount.path("f")).doesNotExist();
    vfs.makeNode(Caller.ROOT, InodeNumber.ROOT, MountFixture.name("f"), FileMode.REGULAR | 0600, 0);
    Files.writeString(mount.path("f"), "text");
    assertThat(Files.readString(mount.path("f"))).isEqualTo("text");
  }

  @Test
  void manyEntriesAreListedOnceEach() throws Exception {
    int count = 100_000;
    for (int i = 0; i < count; i++) {
      vfs.makeNode(
          Caller.ROOT,
          InodeNumber.ROOT,
          MountFixture.name("entry-" + "x".repeat(i % 200) + i),
          FileMode.REGULAR | 0600,
          0);
    }
    Set<String> seen = new HashSet<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(mount.directory)) {
      for (Path entry : entries) {
        assertThat(seen.add(entry.getFileName().toString())).isTrue();
        if (seen.size() == count / 2) {
          Files.delete(entry);
        }
      }
    }
    assertThat(seen).hasSize(count);
    assertThat(mount.bash("ls -fa | wc -l")).isEqualTo(Integer.toString(count - 1 + 2));
  }

  @Test
  void aSmallFileComesWithItsOpen() throws Exception {
    byte[] bytes = new byte[64 << 10];
    new Random(1).nextBytes(bytes);
    for (int size : new int[] {1, 4096, 5000, bytes.length}) {
      String name = "f" + size;
      makeFile(name, Arrays.copyOf(bytes, size));
      vfs.accessed.clear();
      vfs.reads.set(0);
      assertThat(Files.readAllBytes(mount.path(name))).isEqualTo(Arrays.copyOf(bytes, size));
      assertThat(vfs.reads).hasValue(0);
      assertThat(vfs.accessed).hasSize(1);
      Files.write(mount.path(name), new byte[] {7}, StandardOpenOption.APPEND);
      assertThat(Files.readAllBytes(mount.path(name))).hasSize(size + 1).endsWith(7);
      if (size % 4096 != 0) {
        assertThat(vfs.reads).as("the kernel has the page").hasValue(0);
      }
    }
  }

  @Test
  void aLargeFileOrOneThatIsInUseIsReadAsAlways() throws Exception {
    makeFile("large", new byte[(64 << 10) + 1]);
    assertThat(Files.size(mount.path("large"))).isEqualTo((64 << 10) + 1);
    assertThat(Files.readAllBytes(mount.path("large"))).hasSize((64 << 10) + 1);
    assertThat(vfs.reads).hasValueGreaterThan(0);

    vfs.reads.set(0);
    long handle = vfs.open(makeFile("used", new byte[10]), true, true, false).handle();
    assertThat(Files.readAllBytes(mount.path("used"))).hasSize(10);
    assertThat(vfs.reads).hasValue(1);
    vfs.release(handle, 0, false);
  }

  @Test
  void aCopyIsLeftToTheFilesystem() throws Exception {
    byte[] bytes = new byte[1_000_000];
    new Random(2).nextBytes(bytes);
    makeFile("from", bytes);
    mount.bash("cp from to");
    assertThat(vfs.reads).hasValue(0);
    assertThat(vfs.copies).as("it goes on until all is copied").hasValue(10);
    assertThat(Files.readAllBytes(mount.path("to"))).isEqualTo(bytes);
    assertThat(vfs.accessed)
        .contains(vfs.lookup(InodeNumber.ROOT, MountFixture.name("from")).number());
  }

  @Test
  void aCopyThatTheFilesystemRefusesIsReadAndWritten() throws Exception {
    byte[] bytes = new byte[1_000_000];
    new Random(3).nextBytes(bytes);
    makeFile("from", bytes);
    vfs.refusesCopies = true;
    mount.bash("cp from to");
    assertThat(vfs.copies).hasValue(1);
    assertThat(Files.readAllBytes(mount.path("to"))).isEqualTo(bytes);
    vfs.refusesCopies = false;
    mount.bash("cp from again");
    assertThat(vfs.copies).as("it is asked again").hasValue(11);
  }

  @Test
  void aProgramThatCopiesFilesIsNotGivenTheirBytes() throws Exception {
    for (int i = 0; i < 5; i++) {
      makeFile("from-" + i, new byte[100]);
    }
    mount.bash("mkdir to; cp from-* to");
    assertThat(vfs.copies).hasValue(5);
    assertThat(vfs.undisturbedReads).as("of the first, before anybody knows").hasValue(1);
  }

  @Test
  void aCopyTakesPrivilegesFromWhatItIsCopiedTo() throws Exception {
    makeFile("from", new byte[100]);
    assertThat(mount.bash("""
                chmod 777 .
                chmod 644 from
                as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
                for f in a b; do touch $f; chmod 6777 $f; done
                as_nobody bash -c 'cat from 1<>a'; stat -c %a a
                cat from 1<>b; stat -c %a b
                """)).isEqualTo("777\n6777");
    assertThat(vfs.copies).hasValue(2);
  }

  private InodeNumber makeFile(String name, byte[] bytes) {
    int mode = FileMode.REGULAR | 0600;
    Opened made = vfs.create(Caller.ROOT, InodeNumber.ROOT, MountFixture.name(name), mode);
    vfs.write(made.handle(), 0, false, ByteBuffer.wrap(bytes));
    vfs.release(made.handle(), 0, false);
    return made.inode().number();
  }

  @Test
  void whatIsListedNeedsNoLookup() throws Exception {
    int count = 300;
    for (int i = 0; i < count; i++) {
      Inode made = vfs.makeNode(
          new Caller(i, 2 * i, 1),
          InodeNumber.ROOT,
          MountFixture.name("entry-" + i),
          (i % 2 == 0 ? FileMode.REGULAR : FileMode.FIFO) | 0600 | i % 8,
          0);
      assertThat(made.links()).isOne();
    }
    vfs.lookups.set(0);
    String listing = mount.bash("ls -ln | tail -n +2");
    assertThat(vfs.lookups).hasValueLessThan(10);
    mount.mount.setCacheTimeouts(Duration.ZERO);
    Thread.sleep(1100); // what was told before may be believed for a second
    assertThat(mount.bash("ls -ln | tail -n +2")).isEqualTo(listing);
    assertThat(vfs.lookups).hasValueGreaterThanOrEqualTo(count);
    assertThat(listing.lines()).hasSize(count);
  }

  @Test
  void parallelWritersAndReadersSeeTheirOwnBytes() throws Exception {
    int size = 8 << 20;
    inParallel(job -> {
      byte[] content = new byte[size];
      new Random(job).nextBytes(content);
      Path file = mount.path("job" + job);
      Files.write(file, content);
      mount.bash("cat job" + job + " > copy" + job + "; cmp job" + job + " copy" + job);
      assertThat(Files.readAllBytes(file)).isEqualTo(content);
      return true;
    });
    assertThat(mount.bash("ls | wc -l")).isEqualTo(Integer.toString(2 * JOBS));
  }

  @Test
  void appendingProgramsDoNotOverwriteEachOther() throws Exception {
    mount.bash("""
        for job in 1 2 3 4; do
          (for i in $(seq 200); do echo "$job $i" >> log; done) &
        done
        wait
        test "$(wc -l < log)" = 800
        test "$(sort -u log | wc -l)" = 800
        """);
  }

  @Test
  void extendedAttributes() throws Exception {
    assertThat(mount.bash("""
                touch f
                setfattr -n user.one -v 1 f
                setfattr -n user.two -v $'line' f
                setfattr -n trusted.three f
                getfattr -d -m - --absolute-names f | sort
                setfattr -x user.one f
                getfattr -n user.one f 2>&1 || true
                setfattr -n system.other -v x f 2>&1 || true
                setfattr -n other -v x f 2>&1 || true
                """)).isEqualTo("""
            # file: f
            trusted.three=""
            user.one="1"
            user.two="line"
            f: user.one: No such attribute
            setfattr: f: Operation not supported
            setfattr: f: Operation not supported""");
  }

  @Test
  void sizesOfExtendedAttributesAreAsked() throws Exception {
    var view = Files.getFileAttributeView(
        Files.createFile(mount.path("f")), UserDefinedFileAttributeView.class);
    byte[] large = new byte[60_000];
    Arrays.fill(large, (byte) 7);
    view.write("large", ByteBuffer.wrap(large));
    assertThat(view.size("large")).isEqualTo(large.length);
    ByteBuffer small = ByteBuffer.allocate(100);
    assertThatThrownBy(() -> view.read("large", small)).hasMessageContaining("Insufficient space");
    ByteBuffer enough = ByteBuffer.allocate(large.length);
    view.read("large", enough);
    assertThat(enough.array()).isEqualTo(large);
    for (int i = 0; i < 400; i++) {
      view.write("n".repeat(200) + i, ByteBuffer.allocate(0));
    }
    assertThatThrownBy(view::list).hasMessageContaining("too long");
  }

  @Test
  void allocation() throws Exception {
    assertThat(mount.bash("""
                fallocate -l 1000 f; stat -c %s f
                fallocate -n -l 5000 f; stat -c %s f
                head -c 300000 /dev/zero | tr '\\0' x > g
                fallocate -p -o 100000 -l 100000 g
                stat -c %s g
                tr -d '\\0' < g | wc -c
                fallocate -c -l 4096 g 2>&1 || true
                """)).isEqualTo("""
            1000
            1000
            300000
            200000
            fallocate: fallocate failed: Operation not supported""");
  }

  @Test
  void namesAreBytes() throws Exception {
    assertThat(mount.perl("""
                my $name = join('', map { chr } grep { $_ != 47 } 1 .. 255);
                $name .= 'x' x (255 - length $name);
                open(my $f, '>', $name) or die $!; close $f;
                opendir(my $d, '.'); my @seen = grep { $_ eq $name } readdir $d;
                print scalar(@seen), ' ', (-e $name ? 'found' : 'lost'), ' ';
                open($f, '>', $name . 'x') or print $! + 0;
                """)).isEqualTo("1 found 36");
  }

  @Test
  void theVolumesSizesAreTold() throws Exception {
    assertThat(mount.bash("stat -fc '%b %f %a %S %s %c %d %l %T' ."))
        .isEqualTo("268435456 134217728 134217728 4096 4096 1000 1073741824 255 fuseblk");
    assertThat(mount.bash("findmnt -no FSTYPE,SOURCE .")).isEqualTo("fuse.cairn cairn");
  }

  @Test
  void theFirstReadOfWhatIsOpenedCountsAsAnAccess() throws Exception {
    String readAll = "cat f > /dev/null; ls d; readlink l";
    mount.bash("printf hello > f; printf hello > g; mkdir d; ln -s f l");
    vfs.accessed.clear();
    mount.bash(readAll);
    List<InodeNumber> read = new ArrayList<>();
    for (String name : List.of("f", "d", "l")) {
      read.add(vfs.lookup(InodeNumber.ROOT, MountFixture.name(name)).number());
    }
    assertThat(vfs.accessed).isEqualTo(read);

    vfs.accessed.clear();
    mount.perl("""
        use Fcntl qw(O_RDONLY O_NOATIME);
        sysopen(my $f, 'g', O_RDONLY | O_NOATIME) or die $!;
        sysread($f, my $some, 5) == 5 or die $!;
        """);
    for (String option : List.of("ro", "noatime")) {
      try (MountFixture other = MountFixture.mount(vfs, Duration.ofSeconds(1), option)) {
        other.bash(readAll);
      }
    }
    assertThat(vfs.accessed).isEmpty();
  }

  @Test
  void closuresSurviveGarbageCollection() throws Exception {
    for (int i = 0; i < 20; i++) {
      System.gc();
      Files.writeString(mount.path("f" + i), "text");
      Files.move(mount.path("f" + i), mount.path("g" + i));
      assertThat(Files.readString(mount.path("g" + i))).isEqualTo("text");
    }
  }

  @Test
  void fsyncReachesTheVfs() throws Exception {
    int before = vfs.syncs.get();
    mount.bash("echo x > f; sync f; sync .");
    assertThat(vfs.syncs.get()).isEqualTo(before + 2);
  }

  private interface Job {
    boolean run(int number) throws Exception;
  }

  private static List<Boolean> inParallel(Job job) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(JOBS);
    try {
      List<Callable<Boolean>> jobs = IntStream.range(0, JOBS)
          .<Callable<Boolean>>mapToObj(i -> () -> job.run(i))
          .toList();
      List<Boolean> results = new ArrayList<>();
      for (Future<Boolean> future : threads.invokeAll(jobs)) {
        results.add(future.get());
      }
      return results;
    } finally {
      threads.shutdown();
    }
  }
}
