package versus;

import java.io.Serializable;
import java.nio.ByteBuffer;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** Every {@code of}-th block of the records from number {@code index} on, of which {@code done} records are done. */
record Split(int index, int of, long done) implements SourceSplit, Serializable {
  @Override
  public String splitId() {
    return index + "/" + of;
  }

  static final class Serializer implements SimpleVersionedSerializer<Split> {
    @Override
    public int getVersion() {
      return 1;
    }

    @Override
    public byte[] serialize(Split split) {
      return ByteBuffer.allocate(16).putInt(split.index).putInt(split.of).putLong(split.done).array();
    }

    @Override
    public Split deserialize(int version, byte[] bytes) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      return new Split(buffer.getInt(), buffer.getInt(), buffer.getLong());
    }
  }
}
