package org.cairnfs.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.cairnfs.fuse.MountException.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What stands in the way of a mount is found before anything is touched, and said in words that
 * help.
 */
final class MountPointsTest {
  @TempDir
  private Path temporary;

  private Path directory;
  private Path mountInfo;
  private Path device;
  private Path configuration;
  private Path programs;

  @BeforeEach
  void host() throws IOException {
    directory = Files.createDirectory(temporary.toRealPath().resolve("mount point"));
    mountInfo = Files.createFile(temporary.resolve("mountinfo"));
    device = Files.createFile(temporary.resolve("fuse"));
    configuration = Files.writeString(temporary.resolve("fuse.conf"), "#user_allow_other\n");
    programs = Files.createDirectory(temporary.resolve("bin"));
  }

  @Test
  void anEmptyDirectoryWillDo() {
    assertThatCode(() -> check(true)).doesNotThrowAnyException();
  }

  @Test
  void missing() throws Exception {
    Files.delete(directory);
    assertRefused(Reason.MISSING, "mkdir -p", () -> check(true));
  }

  @Test
  void notADirectory() throws Exception {
    Files.delete(directory);
    Files.createFile(directory);
    assertRefused(Reason.NOT_A_DIRECTORY, "not a directory", () -> check(true));
  }

  @Test
  void notEmptyUnlessWanted() throws Exception {
    Files.createFile(directory.resolve("f"));
    assertRefused(Reason.NOT_EMPTY, "-o nonempty", () -> check(true));
    assertThatCode(() -> check(true, "nonempty")).doesNotThrowAnyException();
  }

  @Test
  void alreadyMounted() throws Exception {
    String escaped = directory.toString().replace(" ", "\\040");
    Files.writeString(
        mountInfo,
        "30 25 0:30 / /elsewhere rw - tmpfs tmpfs rw\n"
            + "31 25 0:31 / "
            + escaped
            + " rw,relatime shared:3 master:4 - ext4 /dev/sda1 rw\n");
    assertRefused(Reason.ALREADY_MOUNTED, "ext4", () -> check(true, "nonempty"));
  }

  @Test
  void noDevice() throws Exception {
    Files.delete(device);
    assertRefused(Reason.NO_DEVICE, "modprobe fuse", () -> check(true));
  }

  @Test
  void ordinaryUsersNeedFusermount() throws Exception {
    assertRefused(Reason.NO_FUSERMOUNT, "apt install fuse", () -> check(false));
    installFusermount();
    assertThatCode(() -> check(false)).doesNotThrowAnyException();
  }

  @Test
  void ordinaryUsersMayLetOthersInOnlyIfConfigured() throws Exception {
    installFusermount();
    assertRefused(Reason.BAD_OPTION, "user_allow_other", () -> check(false, "allow_other"));
    Files.writeString(configuration, "user_allow_other\n");
    assertThatCode(() -> check(false, "allow_other")).doesNotThrowAnyException();
  }

  @Test
  void theTopmostMountCounts() throws Exception {
    Files.writeString(
        mountInfo,
        "31 25 0:31 / /a rw - ext4 x rw\n32 31 0:32 / /a rw - fuse.cairn cairn rw\nnonsense\n");
    MountTable table = MountTable.read(mountInfo);
    assertThat(table.at(Path.of("/a"))).isEqualTo(new MountTable.Mount("0:32", "/a", "fuse.cairn"));
    assertThat(table.at(Path.of("/b"))).isNull();
  }

  @Test
  void aMissingLibraryIsNamed() {
    assertRefused(
        Reason.NO_LIBRARY,
        "apt install libfuse2",
        () -> FuseLibrary.load("libfuse-absent.so.9", host(true)));
  }

  @Test
  void optionsAreCompleted() throws Exception {
    assertThat(MountOptions.parse(List.of(), true))
        .hasToString(
            "default_permissions,big_writes,fsname=cairn,subtype=cairn,max_read=1048576,allow_other");
    assertThat(MountOptions.parse(
            List.of("ro,,fsname=a\\,b", "noatime,max_read=4096,subtype=x"), false))
        .hasToString(
            "ro,fsname=a\\,b,noatime,max_read=4096,subtype=x,default_permissions,big_writes");
    assertThat(MountOptions.parse(List.of("allow_root"), true).has("allow_other"))
        .isFalse();
  }

  @Test
  void unknownOptionsAreRefused() {
    for (String option :
        List.of("atomic", "ro=1", "fsname", "max_read=0", "max_read=1048577", "max_read=x", "=")) {
      assertRefused(
          Reason.BAD_OPTION, option, () -> MountOptions.parse(List.of("ro," + option), true));
    }
  }

  private void installFusermount() throws IOException {
    Path program = Files.createFile(programs.resolve("fusermount"));
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  private MountPoints.Host host(boolean root) {
    return new MountPoints.Host(mountInfo, device, configuration, "/nowhere:" + programs, root);
  }

  private void check(boolean root, String... options) throws MountException {
    MountPoints mountPoints = new MountPoints(host(root));
    mountPoints.check(MountDirectory.locate(directory), MountOptions.parse(List.of(options), root));
  }

  private static void assertRefused(Reason reason, String says, ThrowingCallable what) {
    assertThatThrownBy(what).isInstanceOfSatisfying(MountException.class, e -> {
      assertThat(e.reason()).isEqualTo(reason);
      assertThat(e.getMessage() + "\n" + e.remedy()).contains(says).endsWith(".");
    });
  }
}
