package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people get wrong: each is a clear message, a non-zero exit, and nothing changed. */
final class BadInputIT {
  /** Replaces /dev by one that has everything a program expects, but no FUSE. */
  private static final String WITHOUT_FUSE_DEVICE = "d=$(mktemp -d); mount -t tmpfs none $d;"
      + " for f in null zero full random urandom tty; do : >$d/$f; mount --bind /dev/$f $d/$f; done;"
      + " ln -s /proc/self/fd $d/fd; mount --rbind $d /dev";

  private static final String WITHOUT_LIBFUSE =
      "for f in $(ldconfig -p | sed -n 's/.*libfuse\\.so\\.2.* => //p'); do mount --bind /dev/null $(readlink -f $f); done";

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
    if (Files.exists(cairn.home().resolve("cairn.sock"))) {
      cairn.run("stop").ok();
    }
  }

  /**
   * Runs a command that must fail, and makes sure that it leaves the home as it was and no node
   * behind.
   */
  private void refused(Object[] command, String... parts) throws Exception {
    Map<String, String> before = cairn.snapshot();
    cairn.run(command).failed(parts);
    assertThat(cairn.snapshot()).isEqualTo(before);
    assertThat(mount).isEmptyDirectory();
    cairn.run("status").failed("cairn: ");
  }

  private static Object[] command(Object... words) {
    return words;
  }

  @Test
  void wrongPassphrase() throws Exception {
    Path right = Files.writeString(directory.resolve("right"), "right");
    Path wrong = Files.writeString(directory.resolve("wrong"), "wrong");
    CairnProcess keyed = cairn;
    cairn = new CairnProcess(directory.resolve("locked"));
    cairn.run("init", "--passphrase-file", right).ok();
    refused(
        command("start", "--passphrase-file", wrong),
        "the passphrase is wrong",
        "Nothing was changed");
    refused(command("mount", mount, "--passphrase-file", wrong), "the passphrase is wrong");
    refused(
        command("mount", mount), "opened by a passphrase, and none was given", "--passphrase-file");
    refused(
        command("passwd", "--passphrase-file", wrong, "--new-passphrase-file", right),
        "the passphrase is wrong");
    refused(command("start", "--passphrase-file", directory.resolve("absent")), "no such file");
    Files.writeString(wrong, "\n");
    refused(command("start", "--passphrase-file", wrong), "the passphrase is empty");
    cairn = keyed;
  }

  @Test
  void wrongKeyFile() throws Exception {
    Path key = cairn.home().resolve("volume.key");
    byte[] right = Files.readAllBytes(key);
    CairnProcess other = new CairnProcess(directory.resolve("other"));
    other.run("init").ok();
    Files.copy(directory.resolve("other/volume.key"), key, StandardCopyOption.REPLACE_EXISTING);
    refused(command("start"), "the key file " + key + " is wrong", "Nothing was changed");
    refused(command("mount", mount), "the key file " + key + " is wrong");
    Files.writeString(key, "not a key");
    refused(command("start"), key.toString(), "backup");
    Files.delete(key);
    refused(command("start"), "the volume's key file " + key + " is missing", "backup");
    Files.write(key, right);
    cairn.run("start").ok();
  }

  @Test
  void damagedKeySlots() throws Exception {
    Path slots = cairn.home().resolve("volume.slots");
    byte[] bytes = Files.readAllBytes(slots);
    bytes[bytes.length / 2] ^= 1;
    Files.write(slots, bytes);
    refused(command("start"), slots.toString(), "backup");
    Files.delete(slots);
    refused(command("start"), slots.toString(), "no such file");
  }

  @Test
  void aHomeOfANewerVersion() throws Exception {
    Path config = cairn.home().resolve("cairn.properties");
    Files.writeString(
        config, Files.readString(config).replace("format.version=2", "format.version=3"));
    refused(command("start"), "newer version of Cairn", config.toString(), "Nothing was changed");
    refused(command("mount", mount), "newer version of Cairn");
  }

  @Test
  void aCorruptedConfiguration() throws Exception {
    Path config = cairn.home().resolve("cairn.properties");
    String right = Files.readString(config);
    for (String wrong : new String[] {
      "", "\0\0\0\0", right.substring(0, 40), right + "mystery=1\n", right + "out.after=1s\n"
    }) {
      Files.writeString(config, wrong);
      refused(command("start"), config.toString(), "Nothing was changed");
      refused(command("mount", mount), config.toString());
    }
  }

  @Test
  void aHomeInUse() throws Exception {
    cairn.run("start").ok();
    long pid = cairn.pid();
    assertThat(cairn.run("start").ok().out()).contains("running already (pid " + pid);
    cairn.run("start", "--foreground").failed("in use by pid " + pid, "cairn stop");
    assertThat(cairn.run("status").ok().out()).contains("pid " + pid);
  }

  @Test
  void noHomeAtAll() throws Exception {
    Path absent = directory.resolve("absent");
    for (String verb : new String[] {"start", "stop", "status", "ls", "passwd"}) {
      cairn.run("--home", absent, verb).failed("there is no node in " + absent, "cairn init");
    }
    cairn.run("--home", absent, "mount", mount).failed("there is no node in " + absent);
    assertThat(absent).doesNotExist();
  }

  @Test
  void unusableMountPoints() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "x");
    Path full = Files.createDirectory(directory.resolve("full"));
    Files.writeString(full.resolve("file"), "x");
    Path absent = directory.resolve("absent");
    refused(command("mount", absent), absent + " does not exist", "mkdir");
    refused(command("mount", file), file + " is not a directory");
    refused(command("mount", full), full + " is not empty", "-o nonempty");
    refused(command("mount", "-o", "mystery", mount), "unknown mount option \"mystery\"");
    // The same of a node that runs.
    cairn.run("mount", mount).ok();
    cairn.run("mount", mount).failed("already mounted at " + mount, "cairn umount");
    cairn.run("mount", absent).failed(absent + " does not exist");
    cairn.run("mount", file).failed(file + " is not a directory");
    cairn.run("mount", full).failed(full + " is not empty");
    cairn.run("mount", Path.of("/proc")).failed("/proc already has");
    cairn.run("mount", "-o", "nonempty", full).ok();
    assertThat(full).isEmptyDirectory();
  }

  @Test
  void aPortInUse() throws Exception {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String address = "127.0.0.1:" + other.getLocalPort();
      Path home = directory.resolve("other");
      cairn
          .run("--home", home, "init", "--listen", address)
          .failed("port " + other.getLocalPort() + " of 127.0.0.1 is in use", "--listen");
      assertThat(home).doesNotExist();
      Path config = cairn.home().resolve("cairn.properties");
      Files.writeString(config, Files.readString(config) + "listen=" + address + "\n");
      refused(command("start"), "port " + other.getLocalPort() + " of 127.0.0.1 is in use");
    }
    assertThat(cairn.run("init", "--listen", "nowhere").exitCode()).isEqualTo(2);
  }

  @Test
  void namesThatAreTooLong() throws Exception {
    cairn.run("start").ok();
    String longest = "n".repeat(255);
    cairn.feed("x".getBytes(StandardCharsets.UTF_8), "put", longest).ok();
    cairn
        .feed("x".getBytes(StandardCharsets.UTF_8), "put", longest + "n")
        .failed("a name in it is too long", "255 bytes");
    cairn
        .feed("x".getBytes(StandardCharsets.UTF_8), "put", "d/".repeat(3000) + "x")
        .failed("too long", "4095");
    assertThat(cairn.run("ls").ok().out()).isEqualTo(longest + "\n");
  }

  @Test
  @Tag("may-skip")
  void noFuseDevice() throws Exception {
    requireSuperuser();
    Map<String, String> before = cairn.snapshot();
    cairn
        .inNamespace(WITHOUT_FUSE_DEVICE, "mount", mount)
        .failed("there is no /dev/fuse", "modprobe fuse");
    assertThat(cairn.snapshot()).isEqualTo(before);
    cairn.run("status").failed("is not running");
  }

  @Test
  @Tag("may-skip")
  void noLibfuse() throws Exception {
    requireSuperuser();
    Map<String, String> before = cairn.snapshot();
    cairn
        .inNamespace(WITHOUT_LIBFUSE, "mount", mount)
        .failed("libfuse.so.2 cannot be loaded", "apt install");
    assertThat(cairn.snapshot()).isEqualTo(before);
    cairn.run("status").failed("is not running");
    // What needs no mount works without it.
    cairn.inNamespace(WITHOUT_LIBFUSE, "start").ok();
    cairn.run("ls").ok();
  }

  @Test
  @Tag("may-skip")
  void aFullDisk() throws Exception {
    requireSuperuser();
    Path home = Files.createDirectory(directory.resolve("full"));
    // Room for the directories, and then none.
    String full = "mount -t tmpfs -o size=16k none " + home + "; head -c 16k /dev/zero >" + home
        + "/fill || true";
    cairn
        .inNamespace(
            full + "; rm " + home + "/fill; mkdir " + home + "/h; head -c 16k /dev/zero >" + home
                + "/fill || true",
            "--home",
            home + "/h",
            "init")
        .failed("no space left", "Free some space");
  }

  @Test
  @Tag("may-skip")
  void aFullDiskUnderAHome() throws Exception {
    requireSuperuser();
    String full = "mkdir -p " + directory + "/small; mount -t tmpfs -o size=256k none " + directory
        + "/small; cp -a " + cairn.home() + " " + directory + "/small/h; cat /dev/zero >"
        + directory + "/small/fill 2>&1 || true";
    cairn
        .inNamespace(full, "--home", directory + "/small/h", "start")
        .failed("no space left", "Free some space");
  }

  @Test
  @Tag("may-skip")
  void aReadOnlyHome() throws Exception {
    requireSuperuser();
    String readOnly =
        "mount --bind " + directory + " " + directory + "; mount -o remount,bind,ro " + directory;
    Map<String, String> before = cairn.snapshot();
    cairn.inNamespace(readOnly, "start").failed("ead-only file system", "writable");
    cairn.inNamespace(readOnly, "mount", mount).failed("ead-only file system");
    cairn
        .inNamespace(readOnly, "--home", directory.resolve("new"), "init")
        .failed("ead-only file system");
    assertThat(cairn.snapshot()).isEqualTo(before);
    assertThat(directory.resolve("new")).doesNotExist();
  }

  private static void requireSuperuser() throws IOException {
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")),
        "only the superuser can hide parts of the system");
  }
}
