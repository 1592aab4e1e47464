package versus;

import java.io.IOException;
import java.io.Serializable;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** A plain class that crosses exchanges by two functions. Its jobs take no checkpoints. */
final class PlainType<T> extends TypeInformation<T> {
  interface Writer<T> extends Serializable {
    void write(T row, DataOutputView out) throws IOException;
  }

  interface Reader<T> extends Serializable {
    T read(DataInputView in) throws IOException;
  }

  private final Class<T> of;
  private final Writer<T> writer;
  private final Reader<T> reader;

  PlainType(Class<T> of, Writer<T> writer, Reader<T> reader) {
    this.of = of;
    this.writer = writer;
    this.reader = reader;
  }

  /** For rows that stay within a chain. */
  static <T> PlainType<T> chained(Class<T> of) {
    return new PlainType<>(
        of,
        (row, out) -> {
          throw new IllegalStateException(of + " does not cross exchanges");
        },
        in -> {
          throw new IllegalStateException(of + " does not cross exchanges");
        });
  }

  @Override
  public TypeSerializer<T> createSerializer(SerializerConfig config) {
    return new Serializer();
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<T> getTypeClass() {
    return of;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public String toString() {
    return "PlainType<" + of.getSimpleName() + ">";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PlainType<?> type && type.of == of;
  }

  @Override
  public int hashCode() {
    return of.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof PlainType;
  }

  private final class Serializer extends TypeSerializer<T> {
    @Override
    public boolean isImmutableType() {
      return false;
    }

    @Override
    public TypeSerializer<T> duplicate() {
      return this;
    }

    @Override
    public T createInstance() {
      return null;
    }

    @Override
    public T copy(T from) {
      return from;
    }

    @Override
    public T copy(T from, T to) {
      return from;
    }

    @Override
    public int getLength() {
      return -1;
    }

    @Override
    public void serialize(T row, DataOutputView out) throws IOException {
      writer.write(row, out);
    }

    @Override
    public T deserialize(DataInputView in) throws IOException {
      return reader.read(in);
    }

    @Override
    public T deserialize(T reused, DataInputView in) throws IOException {
      return reader.read(in);
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
      writer.write(reader.read(in), out);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof PlainType<?>.Serializer;
    }

    @Override
    public int hashCode() {
      return of.hashCode();
    }

    @Override
    public TypeSerializerSnapshot<T> snapshotConfiguration() {
      throw new IllegalStateException(of + " is not in checkpoints");
    }
  }
}
