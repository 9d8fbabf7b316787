package org.cairnfs.fuse;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mounts this process sees, as {@code /proc/self/mountinfo} lists them (proc(5)). Immutable: a
 * snapshot.
 */
final class MountTable {
  /**
   * One mount.
   *
   * @param device "major:minor", which no two mounted filesystems share
   * @param type such as "ext4" or "fuse.cairn"
   */
  record Mount(String device, String mountPoint, String type) {}

  private static final int DEVICE_FIELD = 2;
  private static final int MOUNT_POINT_FIELD = 4;
  private static final int ESCAPE_LENGTH = 4;
  private static final int OCTAL = 8;

  private final List<Mount> mounts;

  private MountTable(List<Mount> mounts) {
    this.mounts = mounts;
  }

  /** Reads a file in the format of mountinfo. */
  static MountTable read(Path mountInfo) throws IOException {
    List<Mount> mounts = new ArrayList<>();
    for (String line : Files.readAllLines(mountInfo, StandardCharsets.ISO_8859_1)) {
      String[] fields = line.split(" ", -1);
      int separator = List.of(fields).indexOf("-");
      if (separator > MOUNT_POINT_FIELD && separator + 1 < fields.length) {
        mounts.add(new Mount(
            fields[DEVICE_FIELD], unescape(fields[MOUNT_POINT_FIELD]), fields[separator + 1]));
      }
    }
    return new MountTable(mounts);
  }

  /** What is mounted on exactly {@code directory}; of several the topmost. */
  @Nullable
  Mount at(Path directory) {
    String wanted = directory.toString();
    Mount found = null;
    for (Mount mount : mounts) {
      if (mount.mountPoint.equals(wanted)) {
        found = mount;
      }
    }
    return found;
  }

  /** Blanks, tabs, newlines and backslashes are written as a backslash and three octal digits. */
  private static String unescape(String field) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '\\' && i + ESCAPE_LENGTH <= field.length()) {
        bytes.write(Integer.parseInt(field.substring(i + 1, i + ESCAPE_LENGTH), OCTAL));
        i += ESCAPE_LENGTH - 1;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toString(pathCharset());
  }

  /** How the JDK turns the bytes of paths into strings. */
  static Charset pathCharset() {
    return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
  }
}
