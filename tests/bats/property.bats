# tests/property/values.py with a few values of every type; by hand or with
# PROPERTY_VALUES=10000 with many.

load helper

setup_file() {
	server_start
}

teardown_file() {
	server_end
}

@test "values at random come back as they were, sent again as well" {
	KEY=$(<"$SRV/admin.key") CACERT=$SRV/tls/cert.pem \
	    PGPASSWORD=${SUPER#*:} \
	    PSQL="$PSQL -XqAt -v ON_ERROR_STOP=1 -h $SRV/db/run -U acdb_super -d agentcoopdb" \
	    PYTHONDONTWRITEBYTECODE=1 python3 "$TOP/tests/property/values.py" \
	    "${PROPERTY_VALUES:-1500}" ${PROPERTY_SEED:+"$PROPERTY_SEED"}
}
