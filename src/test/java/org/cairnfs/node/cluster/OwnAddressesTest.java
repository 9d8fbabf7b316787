package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.List;
import org.cairnfs.node.home.ListenAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where a node tells others that it listens. */
final class OwnAddressesTest {
  @ParameterizedTest
  @CsvSource({
    "192.0.2.7, 192.0.2.7",
    "2001:db8::7, 2001:db8:0:0:0:0:0:7",
    "fd00::7, fd00:0:0:0:0:0:0:7",
    "fe80::7, fe80:0:0:0:0:0:0:7%3"
  })
  void interfacesOfThisHostAreNotNamed(String address, String told) throws Exception {
    byte[] bytes = InetAddress.getByName(address).getAddress();
    InetAddress found = bytes.length == 4
        ? InetAddress.getByAddress(bytes)
        : Inet6Address.getByAddress("", bytes, 3);
    assertThat(OwnAddresses.hostOf(found)).isEqualTo(told);
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.7, false",
    "::1, false",
    "localhost, false",
    "name.invalid, false",
    "0.0.0.0, true",
    "::, true",
    "0:0:0:0:0:0:0:0, true"
  })
  void allAddressesStandForThoseOfTheInterfaces(String host, boolean all) {
    ListenAddress listen = new ListenAddress(host, 7747);
    assertThat(OwnAddresses.isWildcard(listen)).isEqualTo(all);
    List<ListenAddress> told = OwnAddresses.of(listen);
    assertThat(told).isNotEmpty().allSatisfy(address -> {
      assertThat(address.host()).doesNotContain("%");
      assertThat(OwnAddresses.isWildcard(address)).isFalse();
    });
    assertThat(told.equals(List.of(listen))).isEqualTo(!all);
  }
}
