package org.cairnfs.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.node.admin.AdminClient;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminEntry;
import org.cairnfs.proto.AdminListRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists a directory of the volume. */
@Command(name = "ls", description = "List a directory of the volume, or one file of it.")
final class LsCommand extends Subcommand {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

  @Option(
      names = {"-l", "--long"},
      description = "Show mode, links, owner, group, size and time too.")
  private boolean longForm;

  @Parameters(
      paramLabel = "PATH",
      arity = "0..1",
      description = "A path in the volume; default the root.")
  private Bytes path = new Bytes(new byte[] {'/'});

  @Override
  public Integer call() throws OperatorException {
    List<AdminEntry> entries = new ArrayList<>();
    try (AdminClient client = AdminClient.connect(home())) {
      client.list(
          AdminListRequest.newBuilder()
              .setPath(UnsafeByteOperations.unsafeWrap(path.array()))
              .build(),
          entries::add);
    }
    entries.sort(
        (a, b) -> ByteString.unsignedLexicographicalComparator().compare(a.getName(), b.getName()));
    for (AdminEntry entry : entries) {
      if (longForm) {
        printAttributes(entry);
      }
      printName(entry.getName());
      if (longForm && !entry.getSymlinkTarget().isEmpty()) {
        console().out().print(" -> ");
        printName(entry.getSymlinkTarget());
      }
      console().out().write('\n');
    }
    return OK;
  }

  private void printAttributes(AdminEntry entry) {
    console()
        .out()
        .printf(
            Locale.ROOT,
            "%s %3d %5d %5d %12d %s ",
            modeText(entry.getMode()),
            Integer.toUnsignedLong(entry.getLinks()),
            Integer.toUnsignedLong(entry.getUid()),
            Integer.toUnsignedLong(entry.getGid()),
            entry.getSizeBytes(),
            TIME.format(Instant.ofEpochSecond(entry.getModifiedSeconds())));
  }

  /**
   * Names are bytes and go out as they are, but for control characters, which could do things to a
   * terminal.
   */
  private void printName(ByteString name) {
    byte[] bytes = name.toByteArray();
    if (console().outIsTerminal()) {
      for (int i = 0; i < bytes.length; i++) {
        if ((bytes[i] >= 0 && bytes[i] < ' ') || bytes[i] == 0x7f) {
          bytes[i] = '?';
        }
      }
    }
    console().out().write(bytes, 0, bytes.length);
  }

  /** As ls(1) writes a mode: {@code drwxr-xr-x}. */
  static String modeText(int mode) {
    byte[] text = "----------".getBytes(StandardCharsets.US_ASCII);
    text[0] = (byte)
        switch (mode & FileMode.TYPE_MASK) {
          case FileMode.DIRECTORY -> 'd';
          case FileMode.SYMLINK -> 'l';
          case FileMode.FIFO -> 'p';
          case FileMode.SOCKET -> 's';
          case FileMode.BLOCK_DEVICE -> 'b';
          case FileMode.CHARACTER_DEVICE -> 'c';
          default -> '-';
        };
    for (int i = 0; i < 9; i++) {
      if ((mode & (0400 >> i)) != 0) {
        text[1 + i] = (byte) "rwx".charAt(i % 3);
      }
    }
    mark(text, 3, (mode & FileMode.SET_UID) != 0, 's');
    mark(text, 6, (mode & FileMode.SET_GID) != 0, 's');
    mark(text, 9, (mode & FileMode.STICKY) != 0, 't');
    return new String(text, StandardCharsets.US_ASCII);
  }

  private static void mark(byte[] text, int at, boolean set, char letter) {
    if (set) {
      text[at] = (byte) (text[at] == 'x' ? letter : Character.toUpperCase(letter));
    }
  }
}
