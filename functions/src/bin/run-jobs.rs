fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::operating::run_jobs::FUNCTION)
}
