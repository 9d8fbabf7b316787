package org.cairnfs.node.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.HexFormat;
import org.cairnfs.proto.PeerHeartbeat;
import org.junit.jupiter.api.Test;

/** The bytes of a heartbeat, as nodes of other versions have them; never to be changed. */
final class HeartbeatBytesTest {
  private static final String COMMON = "0a10" + "11".repeat(16) // run_id
      + "1205" + "613a373734" // addresses: "a:774"
      + "1805" // used_bytes
      + "2064" // capacity_bytes
      + "2807" // applied_index
      + "3201" + "78"; // software: "x"
  private static final String LOG_OPEN = "5001";

  private static PeerHeartbeat.Builder common() {
    return PeerHeartbeat.newBuilder()
        .setRunId(ByteString.copyFrom(HexFormat.of().parseHex("11".repeat(16))))
        .addAddresses("a:774")
        .setUsedBytes(5)
        .setCapacityBytes(100)
        .setAppliedIndex(7)
        .setSoftware("x")
        .setLogOpen(true);
  }

  private static String hex(PeerHeartbeat heartbeat) {
    return HexFormat.of().formatHex(heartbeat.toByteArray());
  }

  @Test
  void theTimeOfDayComesLast() {
    assertThat(hex(common().setClockMillis(1_700_000_000_000L).build()))
        .isEqualTo(COMMON + LOG_OPEN + "58" + "80d095ffbc31");
  }

  /** To have nothing left to move is not the same as to say nothing of it. */
  @Test
  void whatANodeHasToMoveIsLeftOutOrANumber() throws Exception {
    assertThat(hex(common().build())).isEqualTo(COMMON + LOG_OPEN);
    assertThat(hex(common().setBlobsToMove(0).build())).isEqualTo(COMMON + "3800" + LOG_OPEN);
    assertThat(hex(common().setBlobsToMove(300).build())).isEqualTo(COMMON + "38ac02" + LOG_OPEN);
    PeerHeartbeat silent = PeerHeartbeat.parseFrom(HexFormat.of().parseHex(COMMON + LOG_OPEN));
    assertThat(silent.hasBlobsToMove()).isFalse();
  }
}
