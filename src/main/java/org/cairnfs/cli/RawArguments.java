package org.cairnfs.cli;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.cairnfs.core.Bytes;

/**
 * The command's arguments as the bytes they were given as: paths in the volume are bytes, and Java
 * has replaced those that are not text in the locale's charset before {@code main} sees them.
 *
 * <p>In the strings here every char is one byte (ISO 8859-1), so that they pass through an option
 * parser unharmed.
 */
final class RawArguments {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  /**
   * The same arguments, from the kernel's copy of the command line; from {@code arguments} where
   * there is none.
   */
  static List<String> of(String[] arguments) {
    try {
      return lastOf(Files.readAllBytes(COMMAND_LINE), arguments);
    } catch (IOException e) {
      return encoded(arguments);
    }
  }

  /** The last strings of a command line, of which {@code arguments} tells the number. */
  static List<String> lastOf(byte[] commandLine, String[] arguments) {
    String all = new String(commandLine, StandardCharsets.ISO_8859_1);
    String[] strings =
        all.endsWith("\0") ? all.substring(0, all.length() - 1).split("\0", -1) : new String[0];
    if (strings.length <= arguments.length) {
      return encoded(arguments);
    }
    return List.of(strings).subList(strings.length - arguments.length, strings.length);
  }

  private static List<String> encoded(String[] arguments) {
    return Arrays.stream(arguments)
        .map(
            argument -> new String(argument.getBytes(nativeCharset()), StandardCharsets.ISO_8859_1))
        .collect(Collectors.toUnmodifiableList());
  }

  /** The bytes of an argument. */
  static Bytes bytes(String argument) {
    return new Bytes(argument.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** An argument as text, for messages and for files of the host. */
  static String text(String argument) {
    return new String(argument.getBytes(StandardCharsets.ISO_8859_1), nativeCharset());
  }

  /** What the JVM encodes file names with. */
  static Charset nativeCharset() {
    return Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
  }

  private RawArguments() {}
}
