package versus;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.sink.DataStreamSinkProvider;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.LogicalTypeFamily;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.RowKind;

/** The tables of connector 'nexmark': the corpus in memory to read, and the sink that counts to write. */
public final class NexmarkTables implements DynamicTableSourceFactory, DynamicTableSinkFactory {
  private static final ConfigOption<Boolean> VERIFY =
      ConfigOptions.key("verify").booleanType().defaultValue(false);

  @Override
  public String factoryIdentifier() {
    return "nexmark";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of(VERIFY);
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    return new Events(rowType(context));
  }

  @Override
  public DynamicTableSink createDynamicTableSink(Context context) {
    ResolvedSchema schema = context.getCatalogTable().getResolvedSchema();
    boolean isVerified =
        FactoryUtil.createTableFactoryHelper(this, context).getOptions().get(VERIFY);
    return new Result(rowType(context), schema.getPrimaryKeyIndexes(), isVerified);
  }

  private static RowType rowType(Context context) {
    return (RowType) context.getPhysicalRowDataType().getLogicalType();
  }

  private record Events(RowType type) implements ScanTableSource {
    @Override
    public ChangelogMode getChangelogMode() {
      return ChangelogMode.insertOnly();
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
      return new DataStreamScanProvider() {
        @Override
        public DataStream<RowData> produceDataStream(
            ProviderContext context, StreamExecutionEnvironment env) {
          return env.fromSource(
                  new CorpusSource(), WatermarkStrategy.noWatermarks(), "corpus", NexmarkEvent.TYPE)
              .map(new ToRow())
              .returns(InternalTypeInfo.of(type));
        }

        @Override
        public boolean isBounded() {
          return false;
        }
      };
    }

    @Override
    public DynamicTableSource copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "corpus";
    }
  }

  private static final class ToRow implements MapFunction<NexmarkEvent, RowData> {
    private transient EventRow row;

    @Override
    public RowData map(NexmarkEvent event) {
      if (row == null) row = new EventRow();
      return row.of(event);
    }
  }

  /** With a key: of an updating result, whose last row counts. What is taken back only to be sent anew is no row. */
  private record Result(RowType type, int[] key, boolean isVerified) implements DynamicTableSink {
    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
      return key.length == 0 ? ChangelogMode.insertOnly() : ChangelogMode.upsert();
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
      RowData.FieldGetter[] all = getters(IntStream.range(0, hashed()).toArray());
      RowData.FieldGetter[] keys = getters(key);
      CountingSink<RowData> sink =
          new CountingSink<>(
              isVerified,
              key.length == 0 ? null : row -> List.of(values(keys, row)),
              row -> RowText.hashOf(values(all, row)));
      return new DataStreamSinkProvider() {
        @Override
        public DataStreamSink<?> consumeDataStream(
            ProviderContext context, DataStream<RowData> rows) {
          return rows.filter(row -> row.getRowKind() != RowKind.DELETE).sinkTo(sink);
        }
      };
    }

    /** Texts of an updating result are those of one of several rows of the same millisecond. */
    private int hashed() {
      int fields = type.getFieldCount();
      if (key.length == 0) return fields;
      int first = 0;
      while (first < fields && !type.getTypeAt(first).is(LogicalTypeFamily.CHARACTER_STRING)) {
        first++;
      }
      return first;
    }

    private RowData.FieldGetter[] getters(int[] fields) {
      return IntStream.of(fields)
          .mapToObj(field -> RowData.createFieldGetter(type.getTypeAt(field), field))
          .toArray(RowData.FieldGetter[]::new);
    }

    private static Object[] values(RowData.FieldGetter[] getters, RowData row) {
      Object[] values = new Object[getters.length];
      for (int i = 0; i < values.length; i++) values[i] = plain(getters[i].getFieldOrNull(row));
      return values;
    }

    /** As the checksum has it: a time in ms, a decimal with all of its digits. */
    private static Object plain(Object value) {
      if (value instanceof TimestampData time) return time.getMillisecond();
      if (value instanceof DecimalData decimal) return decimal.toBigDecimal().toPlainString();
      return value instanceof Number ? value : value.toString();
    }

    @Override
    public DynamicTableSink copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "counting";
    }
  }
}
