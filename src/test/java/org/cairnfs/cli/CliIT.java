package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node's whole life by its commands, with a real mount. */
final class CliIT {
  private @TempDir Path directory;
  private CairnProcess cairn;
  private Path mount;

  @BeforeEach
  void init() throws Exception {
    cairn = new CairnProcess(directory.resolve("home"));
    mount = Files.createDirectory(directory.resolve("mount"));
    cairn.run("init").ok();
  }

  @AfterEach
  void stop() throws Exception {
    cairn.run("stop").ok();
  }

  @Test
  void everythingIsStillThereAfterARestart() throws Exception {
    byte[] large = new byte[3 << 20];
    new Random(1).nextBytes(large);
    cairn.run("mount", mount).ok();
    Files.createDirectories(mount.resolve("a/b"));
    Files.writeString(mount.resolve("a/b/text"), "hello");
    Files.write(mount.resolve("large"), large);
    cairn.run("umount", mount).ok();
    assertThat(mount).isEmptyDirectory();
    cairn.run("stop").ok();
    cairn.run("status").failed("is not running", "cairn start");

    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("a/b/text")).hasContent("hello");
    assertThat(mount.resolve("large")).hasBinaryContent(large);
  }

  @Test
  void initMakesEverythingPrivateAndSaysWhatToBackUp() throws Exception {
    try (Stream<Path> files = Files.walk(cairn.home())) {
      for (Path file : files.toList()) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
            .as(file.toString())
            .isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
      }
    }
    CairnProcess other = new CairnProcess(directory.resolve("other"));
    assertThat(other.run("init").ok().out())
        .contains("Back up " + directory.resolve("other/volume.key"));
    cairn.run("init").failed("there is a node in " + cairn.home() + " already");
  }

  @Test
  void filesGoInAndOutWithoutAMount() throws Exception {
    byte[] content = new byte[1_234_567];
    new Random(2).nextBytes(content);
    Path file = Files.write(directory.resolve("file"), content);
    cairn.run("start").ok();
    cairn.run("put", "/copy", file).ok();
    cairn.feed(content, "put", "-p", "deep/er/copy").ok();
    cairn.run("put", "deep/", file).ok();
    cairn.run("put", "deep", file).ok();
    cairn.run("put", "", file).ok();
    cairn.run("rm", "file").ok();

    assertThat(cairn.run("get", "copy").ok().bytes()).isEqualTo(content);
    cairn.run("get", "deep/er/copy", directory.resolve("back")).ok();
    assertThat(directory.resolve("back")).hasBinaryContent(content);
    assertThat(cairn.run("ls").ok().out()).isEqualTo("copy\ndeep\n");
    assertThat(cairn.run("ls", "deep").ok().out()).isEqualTo("er\nfile\n");
    assertThat(cairn.run("ls", "-l", "/copy").ok().out())
        .startsWith("-rw-r--r--")
        .contains(" 1234567 ");

    cairn.run("get", "absent").failed("cannot get absent: no such file");
    cairn.run("get", "deep").failed("it is a directory");
    cairn.run("put", "no/where", file).failed("no such file or directory", "put -p");
    cairn.run("put", "nowhere/", file).failed("no such file or directory", "put -p");
    cairn.run("put", "copy/", file).failed("not a directory");
    cairn.run("put", "/").failed("it is a directory");
    cairn.run("rm", "deep").failed("it is a directory", "rm -r");
    cairn.run("rm", "-r", "deep", "copy").ok();
    assertThat(cairn.run("ls").ok().out()).isEmpty();
    assertThat(cairn.run("get", "-q", "copy", directory.resolve("none")).exitCode())
        .isEqualTo(1);
    assertThat(directory.resolve("none")).doesNotExist();
  }

  @Test
  void namesAreBytes() throws Exception {
    cairn.run("mount", mount).ok();
    byte[] name = {'\\', (byte) 0xff, (byte) 0xfe, ' ', (byte) 0xc3};
    // Java's own Path cannot name it, a shell can.
    Process touch = new ProcessBuilder(
            "sh",
            "-c",
            "printf x > \"$1/$(printf '\\\\\\377\\376 \\303')\"",
            "sh",
            mount.toString())
        .inheritIO()
        .start();
    assertThat(touch.waitFor()).isZero();
    byte[] listed = cairn.run("ls").ok().bytes();
    assertThat(listed).startsWith(name).hasSize(name.length + 1);
  }

  @Test
  void pathsAreWalkedAsTheKernelWalksThem() throws Exception {
    cairn.run("mount", mount).ok();
    Files.createDirectories(mount.resolve("a/b"));
    Files.writeString(mount.resolve("a/text"), "hello");
    Files.createSymbolicLink(mount.resolve("a/b/up"), Path.of("../text"));
    Files.createSymbolicLink(mount.resolve("dir"), Path.of("a/./b"));
    Files.createSymbolicLink(mount.resolve("out"), Path.of("/etc/passwd"));
    Files.createSymbolicLink(mount.resolve("loop"), Path.of("loop"));
    for (String path :
        List.of("a/text", "//a//text", "a/b/../text", "a/b/up", "dir/up", "../../a/text")) {
      assertThat(cairn.run("get", path).ok().out()).as(path).isEqualTo("hello");
    }
    cairn.feed("bye".getBytes(StandardCharsets.UTF_8), "put", "dir/up").ok();
    assertThat(mount.resolve("a/text")).hasContent("bye");
    assertThat(mount.resolve("a/b/up")).isSymbolicLink();
    cairn.run("get", "out").failed("no such file or directory in the volume");
    cairn.run("get", "loop").failed("too many symbolic links");
    cairn.run("get", "a/text/x").failed("not a directory");
    assertThat(cairn.run("ls", "-l", "/").ok().out())
        .contains("dir -> a/./b", "out -> /etc/passwd");
    cairn.run("rm", "dir", "out", "loop").ok();
    assertThat(mount.resolve("a/text")).hasContent("bye");
  }

  @Test
  void aPutThatIsCutShortChangesNothing() throws Exception {
    cairn.run("start").ok();
    cairn.feed("before".getBytes(StandardCharsets.UTF_8), "put", "file").ok();
    ProcessBuilder builder =
        new ProcessBuilder("mount-scripts/cairn", "--home", cairn.home().toString(), "put", "file");
    Process put = builder.start();
    put.getOutputStream().write(new byte[1 << 20]);
    put.getOutputStream().flush();
    Awaitility.await().until(() -> cairn.run("ls").out().contains(".cairn-put-"));
    put.destroyForcibly();
    put.waitFor();
    Awaitility.await().until(() -> cairn.run("ls").out().equals("file\n"));
    assertThat(cairn.run("get", "file").ok().out()).isEqualTo("before");
  }

  /** script(1) gives a program a terminal. */
  @Test
  void aTerminalSeesHowFarACopyIsAndAFileDoesNot() throws Exception {
    cairn.run("start").ok();
    Path large = Files.write(directory.resolve("large"), new byte[5 << 20]);
    String put = "mount-scripts/cairn --home " + cairn.home() + " put large " + large;

    assertThat(printed("script", "-qec", put, "/dev/null")).contains("100%", "5/5 MiB");
    assertThat(printed("bash", "-c", put + " 2>&1")).isEmpty();
  }

  private static String printed(String... command) throws Exception {
    Process process = new ProcessBuilder(command)
        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
        .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(printed).isZero();
    return printed;
  }

  @Test
  void commandsAndMountsSeeEachOthersChangesAtOnce() throws Exception {
    Path second = Files.createDirectory(directory.resolve("second"));
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("file")).doesNotExist();
    cairn.feed("one".getBytes(StandardCharsets.UTF_8), "put", "file").ok();
    assertThat(mount.resolve("file")).hasContent("one");
    cairn.feed("three".getBytes(StandardCharsets.UTF_8), "put", "file").ok();
    assertThat(mount.resolve("file")).hasContent("three");

    cairn.run("mount", second).ok();
    for (int i = 0; i < 20; i++) {
      Files.writeString(mount.resolve("both"), "x".repeat(i));
      assertThat(second.resolve("both")).hasContent("x".repeat(i));
      Files.delete(second.resolve("both"));
      assertThat(mount.resolve("both")).doesNotExist();
    }
    cairn.run("rm", "file").ok();
    assertThat(mount.resolve("file")).doesNotExist();
    assertThat(cairn.run("status", "--json").ok().out())
        .contains(mount.toString(), second.toString());
  }

  @Test
  void statusTellsWhatTheDocumentationSays() throws Exception {
    cairn.run("mount", mount).ok();
    byte[] content = new byte[1 << 20];
    new Random(3).nextBytes(content);
    Files.write(mount.resolve("one"), content);
    Files.write(mount.resolve("two"), content);
    // Unmounting puts everything on disk; pieces that a cut stored early are collected soon after.
    cairn.run("umount", mount).ok();
    Awaitility.await()
        .until(() -> cairn.run("status", "--json").ok().out().contains("\"blobs\": 1,"));
    String json = cairn.run("status", "--json").ok().out();
    for (String key : List.of(
        "pid",
        "mounts",
        "volume",
        "logicalBytes",
        "storedBytes",
        "blobs",
        "capacityBytes",
        "hits",
        "uncommitted")) {
      assertThat(json).contains("\"" + key + "\": ");
    }
    assertThat(json)
        .contains(
            "\"pid\": " + cairn.pid(), "\"logicalBytes\": " + 2 * content.length, "\"blobs\": 1,");
    assertThat(cairn.run("status").ok().out())
        .contains("2.00 MiB", "1 blob", "1.00 MiB deduplicated");
  }

  @Test
  void aMountThatSomebodyElseEndsIsNoticed() throws Exception {
    cairn.run("mount", mount).ok();
    assertThat(
            new ProcessBuilder("umount", mount.toString()).inheritIO().start().waitFor())
        .isZero();
    Awaitility.await().until(() -> cairn.run("status").out().contains("none"));
    cairn.run("umount", mount).failed("has not mounted anything at " + mount, "cairn status");
    cairn.run("mount", mount).ok();
    assertThat(cairn.run("status").ok().out()).contains(mount.toString());
  }

  @Test
  void aMountInUseIsKeptUnlessForced() throws Exception {
    cairn.run("mount", mount).ok();
    Files.writeString(mount.resolve("file"), "text");
    Process user = new ProcessBuilder("sleep", "1000").directory(mount.toFile()).start();
    try {
      cairn.run("umount", mount).failed(mount + " is in use");
      assertThat(mount.resolve("file")).hasContent("text");
      cairn.run("umount", "--force", mount).ok();
      assertThat(mount).isEmptyDirectory();
    } finally {
      user.destroyForcibly();
    }
  }

  @Test
  void stopEndsEvenAMountInUse() throws Exception {
    cairn.run("mount", mount).ok();
    long pid = cairn.pid();
    Process user = new ProcessBuilder("sleep", "1000").directory(mount.toFile()).start();
    try {
      assertThat(cairn.run("stop").ok().err()).contains("programs were using " + mount);
      // A zombie, which its parent has yet to take note of, runs no command any more.
      assertThat(ProcessHandle.of(pid).flatMap(process -> process.info().command()))
          .isEmpty();
      assertThat(mount).isEmptyDirectory();
    } finally {
      user.destroyForcibly();
    }
  }

  @Test
  void aSignalIsACleanStop() throws Exception {
    cairn.run("mount", mount).ok();
    Files.writeString(mount.resolve("file"), "text");
    ProcessHandle node = ProcessHandle.of(cairn.pid()).orElseThrow();
    node.destroy();
    assertThat(node.onExit()).succeedsWithin(Duration.ofSeconds(30));
    assertThat(mount).isEmptyDirectory();
    assertThat(cairn.home().resolve("cairn.sock")).doesNotExist();
    assertThat(cairn.home().resolve("cairn.pid")).doesNotExist();
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("file")).hasContent("text");
  }

  @Test
  void commandsWaitForANodeThatIsStoppingByItself() throws Exception {
    cairn.run("mount", mount).ok();
    ProcessHandle node = ProcessHandle.of(cairn.pid()).orElseThrow();
    node.destroy();
    cairn.run("stop").ok();
    assertThat(node.onExit()).succeedsWithin(Duration.ofSeconds(5));

    cairn.run("mount", mount).ok();
    Files.writeString(mount.resolve("file"), "text");
    ProcessHandle.of(cairn.pid()).orElseThrow().destroy();
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("file")).hasContent("text");
  }

  @Test
  void commandsWaitForANodeThatIsStarting() throws Exception {
    Path second = Files.createDirectory(directory.resolve("second"));
    CompletableFuture<CairnProcess.Result> starting = CompletableFuture.supplyAsync(() -> {
      try {
        return cairn.run("start");
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    });
    Awaitility.await().until(() -> Files.exists(cairn.home().resolve("cairn.pid")));
    cairn.run("mount", second).ok();
    starting.get().ok();
    assertThat(second).isEmptyDirectory();
  }

  @Test
  void aNodeWhoseHomeIsRemovedEnds() throws Exception {
    cairn.run("mount", mount).ok();
    ProcessHandle node = ProcessHandle.of(cairn.pid()).orElseThrow();
    try (Stream<Path> files = Files.walk(cairn.home())) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
    assertThat(node.onExit()).succeedsWithin(Duration.ofSeconds(60));
    assertThat(mount).isEmptyDirectory();
    cairn.run("init").ok();
    cairn.run("mount", mount).ok();
  }

  @Test
  void mountCleansUpAfterANodeThatWasKilled() throws Exception {
    cairn.run("mount", mount).ok();
    cairn.feed("text".getBytes(StandardCharsets.UTF_8), "put", "file").ok();
    cairn.killNode();
    cairn.run("status").failed("is not running");
    cairn.run("mount", mount).ok();
    assertThat(mount.resolve("file")).hasContent("text");

    cairn.killNode();
    assertThat(cairn.run("umount", mount).ok().err()).contains("a node that died");
    assertThat(mount).isEmptyDirectory();
  }

  @Test
  void aHomeWithALongPathWorks() throws Exception {
    Path deep = Files.createDirectories(directory.resolve("x".repeat(60)).resolve("y".repeat(60)));
    CairnProcess other = new CairnProcess(deep.resolve("home"));
    other.run("init").ok();
    try {
      other.run("start").ok();
      other.run("status").ok();
    } finally {
      other.run("stop").ok();
    }
  }

  @Test
  void thePassphraseCanBeChangedAndAdded() throws Exception {
    Path first = Files.writeString(directory.resolve("first"), "first\n");
    Path second = Files.writeString(directory.resolve("second"), "second");
    CairnProcess other = new CairnProcess(directory.resolve("other"));
    assertThat(other.run("init", "--passphrase-file", first).ok().out())
        .contains("Remember the passphrase");
    assertThat(directory.resolve("other/volume.key")).doesNotExist();
    other.run("start").failed("opened by a passphrase", "--passphrase-file");
    other
        .run("passwd", "--passphrase-file", first, "--new-passphrase-file", second)
        .ok();
    other.run("start", "--passphrase-file", first).failed("the passphrase is wrong");
    other
        .feed("second".getBytes(StandardCharsets.UTF_8), "start", "--passphrase-file", "-")
        .ok();
    other.run("stop").ok();

    // Beside the key file that init made.
    cairn.run("passwd", "--new-passphrase-file", first).ok();
    Files.delete(cairn.home().resolve("volume.key"));
    cairn.run("start", "--passphrase-file", first).ok();
  }

  @Test
  void theCommandExplainsItself() throws Exception {
    assertThat(cairn.run("--help").ok().out()).contains("Usage: cairn", "mount", "Exit codes");
    assertThat(cairn.run("help", "mount").ok().out()).contains("Usage: cairn mount", "-o");
    assertThat(cairn.run("version").ok().out()).startsWith("cairn ");
    for (String[] wrong : new String[][] {{}, {"mount"}, {"fly"}, {"rm"}, {"status", "--xml"}}) {
      CairnProcess.Result result = cairn.run((Object[]) wrong);
      assertThat(result.exitCode()).as(String.join(" ", wrong)).isEqualTo(2);
      assertThat(result.err()).startsWith("cairn: ").contains("--help");
    }
  }

  @Test
  void nothingSecretIsInLogsOrArguments() throws IOException, InterruptedException {
    Path passphrase = Files.writeString(directory.resolve("passphrase"), "correct-horse-battery");
    CairnProcess other = new CairnProcess(directory.resolve("other"));
    other.run("init", "--passphrase-file", passphrase).ok();
    try {
      other.run("start", "--passphrase-file", passphrase).ok();
      Path process = Path.of("/proc/" + other.pid());
      for (Path file : List.of(
          process.resolve("cmdline"),
          process.resolve("environ"),
          other.home().resolve("log/cairn.err"),
          other.home().resolve("log/cairn.log"))) {
        assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
            .doesNotContain("correct-horse");
      }
      assertThat(other.run("status").ok().out()
              + other.run("status", "--json").ok().out())
          .doesNotContain("correct-horse");
    } finally {
      other.run("stop").ok();
    }
  }
}
