fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::media::ingest::FUNCTION)
}
