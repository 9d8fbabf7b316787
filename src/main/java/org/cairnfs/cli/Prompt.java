package org.cairnfs.cli;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;

/** Asks the person at the terminal for a passphrase, without echo. */
final class Prompt {
  /** Most bytes that one char of Java becomes in UTF-8. */
  private static final int UTF8_BYTES_PER_CHAR_MAX = 3;

  /** Whether there is a terminal to ask at. */
  static boolean isPossible() {
    return Console.isTerminal(0) && Console.isTerminal(1);
  }

  /** Asks once, or twice and compares when it is a new passphrase. */
  static Passphrase ask(String question, boolean fresh) throws OperatorException {
    Passphrase first = askOnce(question);
    if (!fresh) {
      return first;
    }
    try (Passphrase second = askOnce("Again: ")) {
      if (!first.sameAs(second)) {
        first.close();
        throw new OperatorException(
            "the two passphrases are not the same", "Try again. Nothing was changed.");
      }
    }
    return first;
  }

  // From JDK 22 on there is a console even without a terminal; that is asked for before.
  @SuppressWarnings("SystemConsoleNull")
  private static Passphrase askOnce(String question) throws OperatorException {
    java.io.@Nullable Console terminal = isPossible() ? System.console() : null;
    char @Nullable [] typed = terminal == null ? null : terminal.readPassword("%s", question);
    if (typed == null) {
      throw new OperatorException(
          "there is no terminal to ask for the passphrase at",
          "Use --passphrase-file FILE instead.");
    }
    byte[] encoded = new byte[typed.length * UTF8_BYTES_PER_CHAR_MAX];
    ByteBuffer line = ByteBuffer.wrap(encoded);
    StandardCharsets.UTF_8
        .newEncoder()
        .onMalformedInput(CodingErrorAction.REPLACE)
        .encode(CharBuffer.wrap(typed), line, true);
    byte[] exact = Arrays.copyOf(encoded, line.position());
    try {
      return Passphrase.ofLine(exact);
    } finally {
      Arrays.fill(typed, '\0');
      Arrays.fill(encoded, (byte) 0);
      Arrays.fill(exact, (byte) 0);
    }
  }

  private Prompt() {}
}
