package org.cairnfs.node.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class PassphraseTest {
  private static Passphrase of(String line) throws OperatorException {
    return Passphrase.ofLine(line.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theLineEndIsNotPartOfIt() throws OperatorException {
    for (String line : new String[] {"pass word", "pass word\n", "pass word\r\n"}) {
      assertThat(of(line).bytes()).asString(StandardCharsets.UTF_8).isEqualTo("pass word");
    }
    assertThat(of("a\n\n").bytes()).asString(StandardCharsets.UTF_8).isEqualTo("a\n");
  }

  @Test
  void emptyAndEndlessOnesAreRefused() {
    for (String line : new String[] {"", "\n", "\r\n", "x".repeat(Passphrase.MAX_BYTES + 1)}) {
      assertThatThrownBy(() -> of(line)).isInstanceOf(OperatorException.class);
    }
  }

  @Test
  void closingLeavesNothing() throws OperatorException {
    Passphrase passphrase = of("secret");
    assertThat(passphrase).hasToString("Passphrase[secret]").isNotNull();
    passphrase.close();
    assertThat(passphrase.bytes()).containsOnly(0);
  }
}
