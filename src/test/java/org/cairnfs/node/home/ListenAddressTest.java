package org.cairnfs.node.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ListenAddressTest {
  @ParameterizedTest
  @ValueSource(strings = {"localhost:1", "192.0.2.7:7747", "[::1]:65535", "a-b.example:80"})
  void readsWhatItWrites(String text) throws OperatorException {
    assertThat(ListenAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":80",
        "host:0",
        "host:65536",
        "host:-1",
        "host:http",
        "::1:80",
        "[::1]",
        "[]:80",
        "[host]:80",
        "a b:80",
        "host:080808",
        "host:8\n0"
      })
  void refusesOtherForms(String text) {
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> ListenAddress.parse(text));
    assertThat(refusal.exitCode()).isEqualTo(OperatorException.USAGE);
    assertThat(refusal.remedy()).contains("HOST:PORT");
  }

  @Test
  void tellsThatAPortIsInUse() throws Exception {
    ListenAddress address;
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      address = new ListenAddress("127.0.0.1", other.getLocalPort());
      OperatorException refusal =
          catchThrowableOfType(OperatorException.class, address::requireFree);
      assertThat(refusal)
          .hasMessage("port " + address.port() + " of 127.0.0.1 is in use by another program");
      assertThat(refusal.remedy()).contains("--listen");
    }
    address.requireFree();
  }

  @Test
  void tellsThatAnAddressIsNotOfThisHost() {
    OperatorException refusal = catchThrowableOfType(
        OperatorException.class, () -> new ListenAddress("192.0.2.1", 7747).requireFree());
    assertThat(refusal).hasMessageContaining("cannot listen at 192.0.2.1:7747");
  }
}
